import { Buffer } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FetchedPartition, Isolation, KafkaClient, ProduceBatch } from '../client.ts'
import { KafkaFailure } from '../failure.ts'
import { RecordBuffer } from '../wire/record-buffer.ts'
import { decodePositions, encodePositions, type Positions } from './positions-record.ts'
import { notCompacted, positionsNotKept, positionsUnreadable } from './sink-errors.ts'

const settings = {
  'cleanup.policy': 'compact',
  // What is old is removed soon: it is read whole when a sink is opened.
  'segment.bytes': String(4 << 20),
  'min.cleanable.dirty.ratio': '0.1',
}
const partition = 0
/** A transaction of another sink on the same topic may be open; brokers end it by its time limit at the latest. */
const usualSettledMs = 90_000

/**
 * The positions of sinks on one topic, in a compacted topic beside it: one record for each sink, written in the same
 * transaction as the content.
 */
export class PositionsTopic {
  readonly name: string
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #id: string
  /** Nothing before it is newer than what was read. */
  #from: number | undefined
  #known: Positions | undefined

  readonly #settledMs: number

  /** `id` of the sink. `settledMs`: how long a transaction of others may be open. */
  constructor(client: KafkaClient, topic: string, id: string, settledMs: number = usualSettledMs) {
    this.#settledMs = settledMs
    this.name = `${topic}.millrace-positions`
    this.#client = client
    this.#topic = topic
    this.#id = id
  }

  /** Makes sure that it is there. */
  async prepare(): Promise<void> {
    try {
      await this.#client.createTopic(this.name, 1, settings)
    } catch (error) {
      if (error instanceof KafkaFailure && error.retriable) throw error
      throw positionsNotKept(this.#topic, this.name, error)
    }
    const policy = await this.#client.topicSetting(this.name, 'cleanup.policy')
    if (policy !== undefined && !policy.includes('compact')) throw notCompacted(this.name, policy)
  }

  /**
   * What was committed last; undefined: nothing ever.
   * @param isSettled wait for every transaction that was begun before, not only for those that are over
   */
  async read(isSettled: boolean): Promise<Positions | undefined> {
    const node = (await this.#client.partitions(this.name)).get(partition)
    if (node === undefined || node < 0)
      throw new KafkaFailure('LEADER_NOT_AVAILABLE', `nobody leads topic ${this.name}`, { retriable: true })
    this.#from ??= (await this.#client.offsets(this.name, [partition], 'low')).get(partition) ?? 0
    const limit = isSettled ? (await this.#fetch(node, this.#from, 'read_uncommitted')).end : this.#from
    const giveUpAt = performance.now() + this.#settledMs
    for (;;) {
      const fetched = await this.#fetch(node, this.#from, 'read_committed')
      this.#take(fetched)
      const isAtEnd = fetched.next >= fetched.end && fetched.next === this.#from
      this.#from = fetched.next
      if (this.#from >= limit && isAtEnd) return this.#known
      if (!isAtEnd) continue
      if (performance.now() > giveUpAt)
        throw new KafkaFailure('TRANSACTION_OPEN', `a transaction on topic ${this.name} does not end`, {
          retriable: false,
        })
      await sleep(10)
    }
  }

  /** A record that replaces the one before. */
  batch(positions: Positions, nowMs: number): ProduceBatch {
    const records = new RecordBuffer(nowMs, 'none')
    const bytes = encodePositions(positions)
    records.add(Buffer.from(this.#id), bytes, 0, bytes.length)
    return { topic: this.name, partition, records }
  }

  async #fetch(node: number, offset: number, isolation: Isolation): Promise<FetchedPartition> {
    const wants = [{ partition, offset, maxBytes: 4 << 20 }]
    const request = { topic: this.name, wants, maxWaitMs: 0, maxBytes: 4 << 20, isolation }
    const [fetched] = await this.#client.fetch(node, request)
    if (fetched!.failure !== undefined) throw fetched!.failure
    return fetched!
  }

  #take({ columns }: FetchedPartition): void {
    const id = Buffer.from(this.#id)
    for (const { buffer, starts, ends, keyStarts, keyEnds } of columns) {
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length)
      starts.forEach((start, i) => {
        if (keyStarts[i]! < 0 || !bytes.subarray(keyStarts[i], keyEnds[i]).equals(id)) return
        const found = decodePositions(bytes.subarray(start, ends[i]))
        if (found === undefined) throw positionsUnreadable(this.name)
        this.#known = found
      })
    }
  }
}
