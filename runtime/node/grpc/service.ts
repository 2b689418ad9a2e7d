import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  type Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
} from '@grpc/grpc-js'
import type { ServerHttp2Session } from 'node:http2'
import { maxStreamMessageBytes, streamWindowBytes } from '../../base/limits.ts'

export type ServerStream = ServerDuplexStream<Buffer, Buffer>
export type ClientStream = ClientDuplexStream<Buffer, Buffer>

const asItIs = (bytes: Buffer): Buffer => bytes

const exchange: MethodDefinition<Buffer, Buffer> = {
  path: '/millrace.Links/Exchange',
  requestStream: true,
  responseStream: true,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
}

/** One method: a stream both ways of messages that are bytes. There is no protobuf: frames have a format of their own. */
export const linksService: { readonly exchange: typeof exchange } = { exchange }

/** Begins a stream to the process at an address, over a connection that ends with it. */
export function beginStream(
  address: string,
  metadata: Metadata,
  credentials: ChannelCredentials,
  options: ChannelOptions,
): ClientStream {
  const client = new Client(address, credentials, options)
  const { path, requestSerialize, responseDeserialize } = exchange
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata)
  call.on('status', () => client.close())
  return call
}

export interface Patience {
  /** How long a process may take to answer when a stream is begun. */
  readonly openMs: number
  /** Silence of a connection after which it is tried, and how long the answer to that may take. */
  readonly silenceMs: number
  readonly answerMs: number
}

export function streamOptions({ silenceMs, answerMs }: Omit<Patience, 'openMs'>): ChannelOptions {
  return {
    'grpc.max_receive_message_length': maxStreamMessageBytes,
    'grpc.max_send_message_length': maxStreamMessageBytes,
    'grpc-node.flow_control_window': streamWindowBytes,
    'grpc.keepalive_time_ms': silenceMs,
    'grpc.keepalive_timeout_ms': answerMs,
    'grpc.keepalive_permit_without_calls': 1,
    // What is sent is sent once: the lanes repeat what was lost. Retries would keep a copy of everything.
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    // Neither the environment nor DNS has a say in how processes of one application reach each other.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    // A stream has a connection of its own, which ends with it.
    'grpc.use_local_subchannel_pool': 1,
  }
}

/**
 * Gives the connection of an accepted stream its window. grpc-js 1.14.7 does that for clients only, and has no way to a server's
 * session but this; without it everything works, at 64 KiB for each round trip.
 */
export function widenWindow(call: ServerStream): ServerHttp2Session | undefined {
  const { session } = (call as unknown as { call?: { stream?: { session?: ServerHttp2Session } } }).call?.stream ?? {}
  if (session === undefined || session.destroyed) return undefined
  session.settings({ initialWindowSize: streamWindowBytes })
  session.setLocalWindowSize(streamWindowBytes)
  return session
}
