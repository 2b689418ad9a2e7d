import type { KafkaFailure } from './failure.ts'
import type { RecordBuffer } from './wire/record-buffer.ts'
import type { RecordColumns } from './wire/record-batches.ts'

/**
 * What sources and sinks ask of a Kafka client: positions are decided above, never by the client. test/kafka/client-contract.ts
 * holds every rule as a test.
 *
 * C1 Every call rejects with a KafkaFailure. No call repeats by itself what may already have had an effect.
 * C2 `fetch` gives the records from the offset that was asked for, in order, whole, without those of transactions that were
 *    taken back (`read_committed`). An offset that is not there fails its partition with OFFSET_OUT_OF_RANGE; it is never moved.
 * C3 What was fetched is never written to again.
 * C4 A call after a lost connection connects again, to whoever is there by then.
 */
export interface KafkaClient {
  /** The partitions of a topic and the node that leads each. Asks the brokers every time. */
  partitions(topic: string): Promise<ReadonlyMap<number, number>>
  /** For each partition the offset of its first record, the one after its last, or that of the first record since a time. */
  offsets(topic: string, partitions: readonly number[], at: OffsetAt): Promise<ReadonlyMap<number, number>>
  /** From one node. Answers when there is something, and without anything after `maxWaitMs` at the latest. */
  fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]>
  producer(options: ProducerOptions): KafkaProducer
  commitOffsets(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>
  committedOffsets(group: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** Answers with whether it was there already. */
  createTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>): Promise<boolean>
  /** Removes the records before an offset. One that is not there yet fails with OFFSET_OUT_OF_RANGE. */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>
  /** One setting of a topic; undefined where it may not be asked. */
  topicSetting(topic: string, name: string): Promise<string | undefined>
  /** Waits for calls that are under way. */
  close(): Promise<void>
}

/** 'stable': where a reader of committed records is at its end now. 'high': behind everything that was written. */
export type OffsetAt = 'low' | 'stable' | 'high' | { readonly sinceMs: number }
export type Isolation = 'read_committed' | 'read_uncommitted'

export interface FetchRequest {
  readonly topic: string
  readonly wants: readonly FetchWant[]
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly isolation: Isolation
}

export interface FetchWant {
  readonly partition: number
  readonly offset: number
  /** At least one batch of records comes, however large it is. */
  readonly maxBytes: number
}

export interface FetchedPartition {
  readonly partition: number
  readonly failure: KafkaFailure | undefined
  /** Where the next fetch goes on: behind markers and whatever was taken back, too. */
  readonly next: number
  /** The first offset that is there. */
  readonly low: number
  /** The offset after the last record that may be read now. */
  readonly end: number
  readonly columns: readonly RecordColumns[]
}

export interface ProducerOptions {
  /** Undefined: idempotent, but without transactions. */
  readonly transactionalId: string | undefined
  /** After this long an open transaction is taken back by the brokers. */
  readonly transactionTimeoutMs: number
}

/**
 * One writer. Calls are made one after the other.
 *
 * W1 `open` fences every producer that opened the same transactional id before: from then on their calls fail, see `isFenced`.
 *    What they had not committed is taken back before it resolves.
 * W2 After a call that failed nothing but `open` may be called, and what happened to the transaction is not known.
 * W3 Without a transaction `send` is durable when it resolves; within one when `commit` has.
 */
export interface KafkaProducer {
  open(): Promise<void>
  /** Writes every buffer to its partition. Begins a transaction if there is none. */
  send(batches: readonly ProduceBatch[]): Promise<readonly Produced[]>
  commit(): Promise<void>
}

export interface ProduceBatch {
  readonly topic: string
  readonly partition: number
  readonly records: RecordBuffer
}

export interface Produced {
  readonly topic: string
  readonly partition: number
  /** The offset after the last record. */
  readonly next: number
}
