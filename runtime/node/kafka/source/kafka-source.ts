import { brokerStartMs } from '../../../base/limits.ts'
import type { SourcePartition } from '../../../ports/source.ts'
import type { Isolation, KafkaClient, OffsetAt } from '../client.ts'
import { isAway, isRetriable, KafkaFailure } from '../failure.ts'
import { patiently } from '../../patiently.ts'
import { GroupOffsets } from './group-offsets.ts'
import { KafkaPartition, type PartitionListener } from './kafka-partition.ts'
import { topicNotReadable } from './source-errors.ts'
import { TopicReader } from './topic-reader.ts'

/** Where a partition begins that was never read. Those that the topic is given later begin at their first record. */
export type StartAt = 'earliest' | 'latest' | { readonly sinceMs: number }

export interface KafkaSourceOptions {
  readonly source: string
  readonly topic: string
  /** Belongs to the source from now on: it is closed with the last partition. */
  readonly client: KafkaClient
  readonly follow: boolean
  readonly isolation: Isolation
  readonly onExpired: 'fail' | 'skip'
  /** Where other tools see how far it is; undefined: nowhere. */
  readonly group: string | undefined
  /** Which partitions are read here. Default: all. */
  readonly reads?: (partition: number) => boolean
  /** Told when none of the partitions is: then whoever opened the source closes it. */
  readonly keep?: (source: { close(): Promise<void> }) => void
  readonly wake: () => void
  /** Told about partitions that the topic did not have when it was opened. */
  readonly added: (partition: SourcePartition) => void
  readonly maxWaitMs?: number
  readonly patienceMs?: number
  readonly missingMs?: number
  readonly aheadBytes?: number
  readonly fetchBytes?: number
  /** How often new partitions are looked for. */
  readonly newPartitionsMs?: number
}

/** What all partitions together hold ahead of the worker, and what each may hold in any case. */
const defaultAheadBytes = 16 << 20
const leastAheadBytes = 256 << 10
const maxFetchBytes = 8 << 20

/** A topic as it is now. */
export interface FoundTopic {
  /** The node that leads each partition. */
  readonly leaders: ReadonlyMap<number, number>
  /** Where the first reading of each partition begins. */
  readonly starts: ReadonlyMap<number, number>
}

/** @throws MR_SOURCE_FAILED */
export async function findTopic(client: KafkaClient, topic: string, from: StartAt): Promise<FoundTopic> {
  try {
    const at: OffsetAt = from === 'earliest' ? 'low' : from === 'latest' ? 'stable' : from
    return await patiently(brokerStartMs, isAway, async () => {
      const leaders = await client.partitions(topic)
      return { leaders, starts: await client.offsets(topic, [...leaders.keys()], at) }
    })
  } catch (error) {
    throw topicNotReadable(`topic ${topic}`, error)
  }
}

/**
 * A topic as source partitions, one for each of its partitions. Where each begins is decided by its first reader and committed
 * with what it causes: that is the truth, whatever the group's offsets say.
 */
export function openKafkaSource(options: KafkaSourceOptions, { leaders, starts }: FoundTopic): KafkaPartition[] {
  const source = new KafkaSource(options, leaders)
  const { reads = () => true, keep } = options
  const ids = [...leaders.keys()].filter(reads).sort((a, b) => a - b)
  if (ids.length === 0) keep?.(source)
  return ids.map((id) => source.add(id, starts.get(id) ?? 0))
}

class KafkaSource implements PartitionListener {
  readonly #options: KafkaSourceOptions
  readonly #reader: TopicReader
  readonly #offsets: GroupOffsets | undefined
  readonly #open = new Map<number, KafkaPartition>()
  readonly #timer: NodeJS.Timeout | undefined
  #partitionCount: number
  #looking = false
  #closed = false

  constructor(options: KafkaSourceOptions, leaders: ReadonlyMap<number, number>) {
    const { client, topic, isolation, group, newPartitionsMs = 30_000 } = options
    const { maxWaitMs = 250, patienceMs = 120_000, missingMs = 10_000 } = options
    this.#options = options
    this.#partitionCount = 1 + Math.max(-1, ...leaders.keys())
    const settings = { topic, isolation, maxWaitMs, maxBytes: maxFetchBytes, patienceMs, missingMs }
    this.#reader = new TopicReader(client, leaders, settings)
    if (group !== undefined) {
      this.#offsets = new GroupOffsets(client, group, topic, (error) => {
        for (const partition of this.#open.values()) partition.fail(error)
      })
    }
    if (options.follow) this.#timer = setInterval(() => void this.#look(), newPartitionsMs)
  }

  readonly wants = (): void => this.#reader.pump()

  readonly wake = (): void => this.#options.wake()

  confirmed(partition: number, next: number): void {
    this.#offsets?.confirmed(partition, next)
  }

  async closed(partition: KafkaPartition): Promise<void> {
    this.#reader.remove(partition)
    if (this.#open.delete(partition.id) && this.#open.size === 0) await this.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#timer)
    this.#reader.stop()
    await this.#offsets?.close()
    await this.#options.client.close()
  }

  add(id: number, start: number): KafkaPartition {
    const { source, topic, follow, onExpired, aheadBytes = defaultAheadBytes, fetchBytes = 1 << 20 } = this.#options
    const share = Math.max(aheadBytes / this.#partitionCount, leastAheadBytes)
    const settings = { source, topic, partition: id, start, follow, onExpired, aheadBytes: share, fetchBytes }
    const partition = new KafkaPartition(settings, this)
    this.#open.set(id, partition)
    this.#reader.add(partition)
    return partition
  }

  /** A topic may be given more partitions while it is read. One look at a time: two would both find what is new. */
  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const { client, topic, added, reads = () => true } = this.#options
    try {
      const leaders = await client.partitions(topic)
      const ids = [...leaders.keys()].filter((id) => id >= this.#partitionCount && reads(id)).sort((a, b) => a - b)
      if (ids.length === 0 || this.#closed) return
      const lows = await client.offsets(topic, ids, 'low')
      if (this.#closed) return
      this.#partitionCount = 1 + Math.max(...leaders.keys())
      this.#reader.lead(leaders)
      for (const id of ids) added(this.add(id, lows.get(id) ?? 0))
    } catch (error) {
      // Those that are there find out by themselves what is wrong; what is new is found at the next look.
      if (!isRetriable(error) && !(error instanceof KafkaFailure && error.kind === 'CLOSED'))
        for (const partition of this.#open.values()) partition.fail(topicNotReadable(`topic ${topic}`, error))
    } finally {
      this.#looking = false
    }
  }
}
