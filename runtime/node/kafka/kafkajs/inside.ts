import type { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'

/** The one part of kafkajs 2.2.4 that is used. It is not its public interface; the version is pinned, and it is the last one. */
export const KafkaJsConnection: new (options: Readonly<Record<string, unknown>>) => Connection = createRequire(
  import.meta.url,
)('kafkajs/src/network/connection.js')

export interface Connection {
  readonly host: string
  readonly port: number
  readonly requestQueue: {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
    destroy(): void
  }
  socket: Socket | undefined
  connectionStatus: string
  /** Parts of an answer that is not whole. */
  chunks: unknown[]
  bytesBuffered: number
  bytesNeeded: number
  /** By the number of the request, for the handshake of SASL. */
  setVersions(versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>>): void
  setSupportAuthenticationProtocol(isSupported: boolean): void
  isConnected(): boolean
  connect(): Promise<unknown>
  authenticate(): Promise<void>
  send(call: {
    readonly request: {
      readonly apiKey: number
      readonly apiName: string
      readonly apiVersion: number
      encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
    }
    readonly response: {
      decode(bytes: Buffer): Promise<Buffer>
      parse(bytes: Buffer): Promise<Buffer>
    }
    readonly logResponseError: boolean
  }): Promise<Buffer>
  disconnect(): Promise<unknown>
  processData(bytes: Buffer): void
  rejectRequests(error: Error): void
}
