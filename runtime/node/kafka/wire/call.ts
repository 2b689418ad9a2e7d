import type { Buffer } from 'node:buffer'
import type { WireWriter } from './bytes.ts'

/** One request of Kafka's protocol, and how its answer is read. */
export interface WireCall<T> {
  /** For people: `asking for ...`. */
  readonly doing: string
  readonly key: number
  readonly version: number
  readonly request: WireWriter
  /** How long the broker may think about it before it answers. */
  readonly waitMs: number
  /** Throws KafkaFailure. */
  read(bytes: Buffer): T
}
