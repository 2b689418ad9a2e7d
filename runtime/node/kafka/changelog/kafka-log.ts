import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError, messageOf } from '../../../base/errors.ts'
import type { Log, LogRead } from '../../../ports/log.ts'
import { corrupt, storeFailed } from '../../../ports/store-refusals.ts'
import { patiently } from '../../patiently.ts'
import type { FetchedPartition, KafkaClient, KafkaProducer } from '../client.ts'
import { isRetriable, KafkaFailure } from '../failure.ts'
import { RecordBuffer } from '../wire/record-buffer.ts'

export interface KafkaLogOptions {
  /** Belongs to whoever made it. */
  readonly client: KafkaClient
  readonly topic: string
  /** How long brokers that do not answer are waited for. */
  readonly patienceMs: number
}

const fetchBytes = 4 << 20
/** Brokers say so before they do anything. */
const refusals: ReadonlySet<string> = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_ENOUGH_REPLICAS',
  'THROTTLING_QUOTA_EXCEEDED',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'INVALID_RECORD',
  'INVALID_REQUIRED_ACKS',
  'POLICY_VIOLATION',
  'CLOSED',
])

/**
 * The partitions of one topic as a log. The rules L1 to L6 are those of runtime/ports/log.ts. A record is a batch of one, written without
 * transactions, so offsets have no gaps; all replicas that are in sync have it when it is answered.
 *
 * What a broker refused before it did anything is tried again here, and so is what has no effect; an append that may have had one never is.
 */
export class KafkaLog implements Log {
  readonly #options: KafkaLogOptions
  /** Each is used for one call at a time (L5). */
  readonly #producers = new Map<number, KafkaProducer>()
  #leaders: Promise<ReadonlyMap<number, number>> | undefined

  constructor(options: KafkaLogOptions) {
    this.#options = options
  }

  append(
    partition: number,
    bytes: Uint8Array,
    done: (error: MillraceError | undefined, offset?: number) => void,
  ): void {
    const records = new RecordBuffer(Date.now(), 'none')
    records.add(undefined, bytes, 0, bytes.length)
    answer(this.#append(partition, records), done)
  }

  read(partition: number, from: number, done: (error: MillraceError | undefined, found?: LogRead) => void): void {
    answer(
      this.#patiently(`read partition ${partition}`, () => this.#read(partition, from)),
      done,
    )
  }

  deleteBefore(partition: number, offset: number, done: (error: MillraceError | undefined) => void): void {
    const { client, topic } = this.#options
    answer(
      this.#patiently(`delete records of partition ${partition}`, () => client.deleteRecords(topic, partition, offset)),
      done,
    )
  }

  async #append(partition: number, records: RecordBuffer): Promise<number> {
    const doing = `append to partition ${partition}`
    const produced = await this.#patiently(doing, async () => {
      const producer = await this.#producer(partition)
      try {
        return await producer.send([{ topic: this.#options.topic, partition, records }])
      } catch (error) {
        this.#producers.delete(partition)
        if (error instanceof KafkaFailure && refusals.has(error.kind)) throw error
        throw this.#failed(doing, error, false)
      }
    })
    return produced[0]!.next - 1
  }

  async #producer(partition: number): Promise<KafkaProducer> {
    const known = this.#producers.get(partition)
    if (known !== undefined) return known
    const producer = this.#options.client.producer({ transactionalId: undefined, transactionTimeoutMs: 10_000 })
    await producer.open()
    this.#producers.set(partition, producer)
    return producer
  }

  async #read(partition: number, from: number): Promise<LogRead> {
    for (;;) {
      const fetched = await this.#fetch(partition, from)
      const { low, end } = fetched ?? (await this.#bounds(partition))
      const isThere = from >= low && from < end
      if (!isThere) return { low, end, records: [] }
      const records = fetched === undefined ? [] : this.#recordsOf(fetched, from)
      if (records.length > 0) return { low, end, records }
      // It became readable between two questions.
      await sleep(1)
    }
  }

  /** Undefined: the offset is not there. */
  async #fetch(partition: number, offset: number): Promise<FetchedPartition | undefined> {
    const { client, topic } = this.#options
    const wants = [{ partition, offset, maxBytes: fetchBytes }]
    const request = { topic, wants, maxWaitMs: 0, maxBytes: fetchBytes, isolation: 'read_uncommitted' as const }
    try {
      const node = await this.#leader(partition)
      const [fetched] = await client.fetch(node, request)
      if (fetched!.failure?.kind === 'OFFSET_OUT_OF_RANGE') return undefined
      if (fetched!.failure !== undefined) throw fetched!.failure
      return fetched
    } catch (error) {
      this.#leaders = undefined
      throw error
    }
  }

  async #bounds(partition: number): Promise<{ readonly low: number; readonly end: number }> {
    const { client, topic } = this.#options
    const low = await client.offsets(topic, [partition], 'low')
    const end = await client.offsets(topic, [partition], 'high')
    return { low: low.get(partition)!, end: end.get(partition)! }
  }

  async #leader(partition: number): Promise<number> {
    const { client, topic } = this.#options
    this.#leaders ??= client.partitions(topic)
    const leader = (await this.#leaders).get(partition)
    if (leader !== undefined && leader >= 0) return leader
    throw new KafkaFailure('LEADER_NOT_AVAILABLE', `nobody leads partition ${partition} of ${topic}`, {
      retriable: true,
    })
  }

  #recordsOf({ columns, partition }: FetchedPartition, from: number): Uint8Array[] {
    const records: Uint8Array[] = []
    for (const { buffer, starts, ends, offsets } of columns) {
      starts.forEach((start, i) => {
        if (offsets[i] !== from + records.length)
          throw corrupt(
            `partition ${partition} of topic ${this.#options.topic} has no record at offset ${from + records.length}`,
          )
        records.push(buffer.subarray(start, ends[i]))
      })
    }
    return records
  }

  async #patiently<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    try {
      return await patiently(this.#options.patienceMs, isRetriable, attempt)
    } catch (error) {
      throw error instanceof MillraceError ? error : this.#failed(doing, error, true)
    }
  }

  #failed(doing: string, cause: unknown, certain: boolean): MillraceError {
    return storeFailed(`could not ${doing} of topic ${this.#options.topic}: ${messageOf(cause)}`, { certain, cause })
  }
}

function answer<T>(work: Promise<T>, done: (error: MillraceError | undefined, value?: T) => void): void {
  work.then(
    (value) => done(undefined, value),
    (error: unknown) => done(error as MillraceError),
  )
}
