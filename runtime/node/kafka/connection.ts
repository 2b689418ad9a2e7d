import type { Buffer } from 'node:buffer'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { SaslOptions } from './sasl-options.ts'

/**
 * What is asked of a library that talks with Kafka: a connection that carries requests to one broker, and their answers back. What they
 * say is ours (wire/), and so is whom to ask, how long to wait, and what to do without an answer (cluster/).
 * test/kafka/connection-contract.ts holds every rule as a test, against a real broker.
 *
 * N1 `connect` resolves when the broker takes requests: TLS is up, and it knows who is there. Otherwise it rejects, within `connectMs`
 *    for the way to the broker and `authenticateMs` for the rest, and leaves nothing open.
 * N2 Requests leave in the order of the calls, and none waits for the answer to another. Each answer comes to the request it belongs
 *    to, whole, and is never written to again.
 * N3 A request is sent once at most. When the connection ends, in the middle of an answer or not, all that have no answer reject.
 * N4 A connection has one life: it is open until it ends, and then never again. It ends when it is lost, when it is closed, and
 *    when an answer is larger than `maxAnswerBytes`, before that answer is kept.
 * N5 `close` leaves nothing behind: no socket, no timer, no promise that is never settled.
 * N6 All options of TLS have an effect. SASL's tokens are asked for whenever they are needed.
 * N7 Everything rejects with a KafkaFailure: SASL_AUTHENTICATION_FAILED when the broker does not let us in, which is not retriable, and
 *    otherwise NO_CONNECTION, which is: also when the connection is lost while the broker asks who we are.
 */
export interface BrokerConnection {
  readonly isOpen: boolean
  /** Resolves with the answer, without its header. */
  send(request: WireRequest): Promise<Buffer>
  close(): void
}

export type Connect = (address: BrokerAddress, options: ConnectionOptions) => Promise<BrokerConnection>

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** A request of Kafka's protocol in a version that has the first form of headers (no tagged fields). */
export interface WireRequest {
  /** As in the list of Kafka's API keys. */
  readonly key: number
  readonly version: number
  /** What follows the header. Not written to any more. */
  readonly body: Buffer
}

export interface ConnectionOptions {
  readonly clientId: string
  /** As of node:tls. Undefined: plain text. */
  readonly ssl: TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
  /** For the way to the broker, TLS included. */
  readonly connectMs: number
  readonly authenticateMs: number
}

/** A fetch asks for 8 MB; only one batch that is larger on its own may be more. Text of another protocol, read as a size, is beyond it. */
export const maxAnswerBytes: number = 256 << 20
