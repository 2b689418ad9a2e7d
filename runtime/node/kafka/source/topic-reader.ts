import type { MillraceError } from '../../../base/errors.ts'
import type { FetchedPartition, FetchWant, Isolation, KafkaClient } from '../client.ts'
import { isRetriable, KafkaFailure } from '../failure.ts'
import type { KafkaPartition } from './kafka-partition.ts'
import { topicGone, topicNotReadable, topicShrank } from './source-errors.ts'

export interface ReadingSettings {
  readonly topic: string
  readonly isolation: Isolation
  /** How long a broker waits for records before it answers that there are none. */
  readonly maxWaitMs: number
  /** One answer. */
  readonly maxBytes: number
  /** How long brokers may be away before the source fails. */
  readonly patienceMs: number
  /** A topic that is not there for so long was deleted: a broker that was just started does not know all topics yet. */
  readonly missingMs: number
}

/** Waits between attempts. */
const firstPauseMs = 20
const longestPauseMs = 1_000
/** While others are full, those at their end ask for so long only: one broker answers one fetch at a time. */
const shortWaitMs = 20

interface Trouble {
  readonly sinceMs: number
  readonly pauseMs: number
  /** When it is tried again; undefined: it is being tried. */
  readonly againMs: number | undefined
}

/** The topic ends before the record that was read last. */
class EndedEarly extends Error {
  readonly end: number

  constructor(end: number) {
    super(`it ends at offset ${end}`)
    this.end = end
  }
}

interface Sent {
  readonly partition: KafkaPartition
  readonly generation: number
  readonly want: FetchWant
}

/**
 * Fetches for all partitions of a topic: one fetch at a time from each broker, for all the partitions that it leads and that
 * want something. It goes on by itself: an answer, a poll that makes room and a seek each look for what to fetch next.
 */
export class TopicReader {
  readonly #client: KafkaClient
  readonly #settings: ReadingSettings
  readonly #partitions = new Set<KafkaPartition>()
  #leaders: ReadonlyMap<number, number>
  readonly #busy = new Set<number>()
  readonly #troubles = new Map<KafkaPartition, Trouble>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(client: KafkaClient, leaders: ReadonlyMap<number, number>, settings: ReadingSettings) {
    this.#client = client
    this.#leaders = leaders
    this.#settings = settings
  }

  add(partition: KafkaPartition): void {
    this.#partitions.add(partition)
  }

  /** Who leads what, as somebody has just heard. */
  lead(leaders: ReadonlyMap<number, number>): void {
    this.#leaders = leaders
  }

  /** Nothing is fetched for it any more. */
  remove(partition: KafkaPartition): void {
    this.#partitions.delete(partition)
    this.#troubles.delete(partition)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Sends what can be sent now. */
  readonly pump = (): void => {
    if (this.#stopped) return
    const wanted = new Map<number, Sent[]>()
    let areSomeFull = false
    for (const partition of this.#partitions) {
      if (partition.isFull) areSomeFull = true
      if (this.#troubles.get(partition)?.againMs !== undefined) continue
      const node = this.#leaders.get(partition.id)
      if (node !== undefined && this.#busy.has(node)) continue
      const { want, generation } = partition
      if (want === undefined) continue
      if (node === undefined || node < 0) {
        this.#trouble(partition, new KafkaFailure('LEADER_NOT_AVAILABLE', 'nobody leads it', { retriable: true }))
        continue
      }
      const sent = wanted.get(node)
      if (sent === undefined) wanted.set(node, [{ partition, generation, want }])
      else sent.push({ partition, generation, want })
    }
    const maxWaitMs = areSomeFull ? Math.min(shortWaitMs, this.#settings.maxWaitMs) : this.#settings.maxWaitMs
    for (const [node, sent] of wanted) {
      this.#busy.add(node)
      // Next time others come first: a batch that is larger than what is asked for comes only for the first that has any.
      for (const { partition } of sent.slice(0, 1)) {
        this.#partitions.delete(partition)
        this.#partitions.add(partition)
      }
      void this.#fetch(node, sent, maxWaitMs).finally(() => {
        this.#busy.delete(node)
        this.pump()
      })
    }
  }

  async #fetch(node: number, sent: readonly Sent[], maxWaitMs: number): Promise<void> {
    const { topic, isolation, maxBytes } = this.#settings
    const wants = sent.map(({ want }) => want)
    let answers: readonly FetchedPartition[]
    try {
      answers = await this.#client.fetch(node, { topic, wants, maxWaitMs, maxBytes, isolation })
    } catch (error) {
      for (const { partition } of sent) this.#trouble(partition, error)
      return
    }
    const nowMs = performance.now()
    for (const fetched of answers) {
      const { partition, generation } = sent.find(({ want }) => want.partition === fetched.partition)!
      // Sought elsewhere meanwhile, or closed.
      if (partition.generation !== generation || !this.#partitions.has(partition)) continue
      if (fetched.failure?.kind === 'OFFSET_OUT_OF_RANGE') await this.#outOfRange(partition, generation)
      else if (fetched.failure !== undefined) this.#trouble(partition, fetched.failure)
      else if (partition.take(fetched, nowMs)) this.#troubles.delete(partition)
      else this.#trouble(partition, new EndedEarly(fetched.end))
    }
  }

  async #outOfRange(partition: KafkaPartition, generation: number): Promise<void> {
    const { topic } = this.#settings
    try {
      const low = (await this.#client.offsets(topic, [partition.id], 'low')).get(partition.id)
      const end = (await this.#client.offsets(topic, [partition.id], 'high')).get(partition.id)
      if (partition.generation !== generation) return
      if (low === undefined || end === undefined)
        throw new KafkaFailure('UNKNOWN_TOPIC_OR_PARTITION', 'it has no offsets', { retriable: true })
      partition.outOfRange(low, end)
    } catch (error) {
      this.#trouble(partition, error)
    }
  }

  /** Tries again after a pause, or gives up. */
  #trouble(partition: KafkaPartition, error: unknown): void {
    if (this.#stopped || !this.#partitions.has(partition)) return
    const nowMs = performance.now()
    const before = this.#troubles.get(partition)
    const sinceMs = before?.sinceMs ?? nowMs
    partition.distrust()
    const failure = this.#finalFailure(partition, error, nowMs - sinceMs)
    if (failure !== undefined) {
      this.#troubles.delete(partition)
      partition.fail(failure)
      return
    }
    const pauseMs = before === undefined ? firstPauseMs : Math.min(before.pauseMs * 2, longestPauseMs)
    this.#troubles.set(partition, { sinceMs, pauseMs, againMs: nowMs + pauseMs })
    this.#timer ??= setTimeout(() => void this.#tryAgain(), pauseMs)
  }

  /** Undefined: it may become well again. */
  #finalFailure(partition: KafkaPartition, error: unknown, lastedMs: number): MillraceError | undefined {
    const { where, position } = partition
    const { missingMs, patienceMs } = this.#settings
    if (error instanceof EndedEarly) return lastedMs > missingMs ? topicShrank(where, position, error.end) : undefined
    const isMissing = error instanceof KafkaFailure && error.kind === 'UNKNOWN_TOPIC_OR_PARTITION'
    if (isMissing && lastedMs > missingMs) return topicGone(where, error)
    if (isRetriable(error) && lastedMs <= patienceMs) return undefined
    return topicNotReadable(where, error)
  }

  /** Asks who leads what by now, and goes on with those whose pause is over. */
  async #tryAgain(): Promise<void> {
    const due = [...this.#troubles].filter(([, { againMs }]) => againMs !== undefined).map(([partition]) => partition)
    try {
      this.#leaders = await this.#client.partitions(this.#settings.topic)
      for (const partition of due) {
        const trouble = this.#troubles.get(partition)
        if (trouble !== undefined) this.#troubles.set(partition, { ...trouble, againMs: undefined })
      }
      this.#timer = undefined
    } catch (error) {
      this.#timer = undefined
      for (const partition of due) this.#trouble(partition, error)
    }
    this.pump()
  }
}
