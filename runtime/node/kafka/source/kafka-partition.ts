import { assert } from '../../../base/assert.ts'
import type { MillraceError } from '../../../base/errors.ts'
import type { RecordBatch, SourcePartition } from '../../../ports/source.ts'
import type { FetchedPartition, FetchWant } from '../client.ts'
import type { RecordColumns } from '../wire/record-batches.ts'
import { proofOf, type RecordProof, readProof, writeProof } from './record-proof.ts'
import { recordReplaced, recordsExpired, topicShrank } from './source-errors.ts'

export interface PartitionSettings {
  readonly source: string
  readonly topic: string
  readonly partition: number
  /** Where reading begins if nothing was read before. */
  readonly start: number
  /** False: it ends where the topic ended when it was first read. */
  readonly follow: boolean
  readonly onExpired: 'fail' | 'skip'
  /** Fetched and not polled, beyond which nothing more is fetched. */
  readonly aheadBytes: number
  readonly fetchBytes: number
}

/** What a partition tells its reader. */
export interface PartitionListener {
  /** It may want something else than before. */
  wants(): void
  /** The worker should look at it. */
  wake(): void
  confirmed(partition: number, next: number): void
  closed(partition: KafkaPartition): Promise<void>
}

/** A silence that is longer may have been long enough for somebody to delete the topic, make it anew and fill it. */
const trustMs = 100

/** Most batches are smaller. */
const leastCheckBytes = 64 << 10

interface Chunk {
  readonly columns: RecordColumns
  /** The position after its last record, and after the markers that were fetched with it. */
  readonly next: number
  taken: number
}

/**
 * One partition of a topic as a source partition. It says what to fetch next and takes what was fetched; positions are offsets.
 *
 * Q1 The records given are those between the sought position and the end, each once: what is fetched must begin where the last
 *    fetch ended, and after a silence (a seek, an error, an idle time) the record before it is read again and compared. A topic
 *    that was made anew with the same name is found out before a record of it is given.
 * Q2 What a fetch was sent for and what is wanted when its answer comes may differ: an answer to an older seek is dropped.
 */
export class KafkaPartition implements SourcePartition {
  readonly source: string
  readonly partition: string
  readonly id: number
  readonly start: number
  readonly #settings: PartitionSettings
  readonly #listener: PartitionListener
  readonly #where: string
  /** Counts seeks; 0: none yet. */
  #generation = 0
  #position = 0
  readonly #chunks: Chunk[] = []
  #bufferedBytes = 0
  /** The last record that was fetched, or that the sought position remembers. */
  #last: RecordProof | undefined
  #trustedUntilMs = Number.NEGATIVE_INFINITY
  /** What was fetched after a silence, until the record before it was compared. */
  #held: FetchedPartition | undefined
  #checking = false
  #checkBytes = leastCheckBytes
  /** Of the topic, as of the last fetch of this seek. */
  #end: number | undefined
  /** Where it ends for good, if it is not followed. */
  #lastEnd: number | undefined
  #failed: MillraceError | undefined

  constructor(settings: PartitionSettings, listener: PartitionListener) {
    this.source = settings.source
    this.partition = String(settings.partition)
    this.id = settings.partition
    this.start = settings.start
    this.#settings = settings
    this.#listener = listener
    this.#where = `partition ${settings.partition} of topic ${settings.topic}`
  }

  get where(): string {
    return this.#where
  }

  /** Where the next fetch begins. */
  get position(): number {
    return this.#position
  }

  get generation(): number {
    return this.#generation
  }

  get isFull(): boolean {
    return this.#bufferedBytes >= this.#settings.aheadBytes
  }

  seek(next: number, proof: string): void {
    this.#generation += 1
    this.#position = next
    this.#chunks.length = 0
    this.#bufferedBytes = 0
    this.#last = readProof(proof)
    this.#checking = this.#last !== undefined
    this.#held = undefined
    this.#end = undefined
    this.#failed = undefined
    this.#listener.wants()
  }

  poll(maxRecords: number): RecordBatch | undefined {
    assert(this.#generation > 0, 'seek comes before the first poll')
    const chunk = this.#chunks[0]
    if (chunk === undefined || maxRecords <= 0) return undefined
    const { columns, taken } = chunk
    const count = Math.min(maxRecords, columns.offsets.length - taken)
    const until = taken + count
    const isWhole = until === columns.offsets.length
    if (isWhole) this.#chunks.shift()
    else chunk.taken = until
    this.#bufferedBytes -= columns.ends[until - 1]! - columns.starts[taken]!
    if (!this.isFull) this.#listener.wants()
    return {
      count,
      buffer: columns.buffer,
      starts: columns.starts.slice(taken, until),
      ends: columns.ends.slice(taken, until),
      offsets: columns.offsets.slice(taken, until),
      timesMs: columns.timesMs.slice(taken, until),
      next: isWhole ? chunk.next : columns.offsets[until - 1]! + 1,
      proof: writeProof(proofOf(columns, until - 1)),
    }
  }

  get hasMore(): boolean {
    return this.#chunks.length > 0
  }

  get atEnd(): boolean {
    if (this.#failed !== undefined || this.#chunks.length > 0 || this.#checking || this.#generation === 0) return false
    const end = this.#lastEnd ?? this.#end
    return end !== undefined && this.#position >= end
  }

  /** What was fetched before is given first. */
  get failed(): MillraceError | undefined {
    return this.#chunks.length === 0 ? this.#failed : undefined
  }

  confirm(next: number): void {
    this.#listener.confirmed(this.id, next)
  }

  close(): Promise<void> {
    return this.#listener.closed(this)
  }

  /** What to fetch now; undefined: nothing. */
  get want(): FetchWant | undefined {
    if (this.#generation === 0 || this.#failed !== undefined) return undefined
    const { partition, fetchBytes } = this.#settings
    if (this.#checking) return { partition, offset: this.#last!.offset, maxBytes: this.#checkBytes }
    if (this.isFull || this.#position >= (this.#lastEnd ?? Number.POSITIVE_INFINITY)) return undefined
    return { partition, offset: this.#position, maxBytes: fetchBytes }
  }

  /** Takes the answer to `want`, which has no failure, as of the same seek. Answers with whether it told anything. */
  take(fetched: FetchedPartition, nowMs: number): boolean {
    const wasAtEnd = this.atEnd
    const told = this.#checking ? this.#check(fetched, nowMs) : this.#takeRecords(fetched, nowMs)
    if (this.#chunks.length > 0 || this.atEnd !== wasAtEnd) this.#listener.wake()
    return told
  }

  #takeRecords(fetched: FetchedPartition, nowMs: number): boolean {
    const isEmpty = fetched.next === this.#position
    if (!isEmpty && this.#last !== undefined && nowMs > this.#trustedUntilMs) {
      this.#held = fetched
      this.#checking = true
    } else this.#accept(fetched, nowMs)
    return true
  }

  /** Nothing was where the last fetch looked. Since then the topic was asked: it has the offsets from `low` to `end`. */
  outOfRange(low: number, end: number): void {
    const isLastThere = this.#last !== undefined && low <= this.#last.offset
    if (end < this.#position) this.fail(topicShrank(this.#where, this.#position, end))
    else if (low > this.#position && this.#settings.onExpired === 'fail')
      this.fail(recordsExpired(this.#where, this.#position, low))
    // It was not there a moment ago: somebody is filling a topic that was made anew.
    else if (isLastThere) this.distrust()
    else {
      // The record before it has expired, or those that are left out have: nothing to compare with.
      this.#last = undefined
      this.#checking = false
      this.#held = undefined
      this.#position = Math.max(this.#position, low)
    }
  }

  /** Something went wrong on the way: it may not be the same topic afterwards. */
  distrust(): void {
    this.#trustedUntilMs = Number.NEGATIVE_INFINITY
    this.#held = undefined
    this.#checking = this.#last !== undefined && this.#generation > 0
  }

  fail(error: MillraceError): void {
    this.#failed ??= error
    this.#held = undefined
    this.#listener.wake()
  }

  #check({ columns, next, end }: FetchedPartition, nowMs: number): boolean {
    const { offset, hash } = this.#last!
    // The topic is shorter than it was, or a broker that was just started does not know its end yet.
    if (end <= offset) return false
    // Not even one batch came whole: brokers send one in any case only for the partition that is asked for first.
    if (next === offset) {
      this.#checkBytes *= 2
      return true
    }
    this.#checkBytes = leastCheckBytes
    const first = columns[0]
    if (first !== undefined && first.offsets[0] === offset && proofOf(first, 0).hash !== hash) {
      this.fail(recordReplaced(this.#where, this.#position))
      return true
    }
    this.#checking = false
    this.#trustedUntilMs = nowMs + trustMs
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#accept(held, nowMs)
    return true
  }

  #accept({ columns, next, end }: FetchedPartition, nowMs: number): void {
    if (!this.#settings.follow) this.#lastEnd ??= Math.max(end, this.#position)
    const limit = this.#lastEnd ?? Number.POSITIVE_INFINITY
    for (const all of columns) {
      const kept = all.offsets.at(-1)! < limit ? all : before(all, limit)
      if (kept.offsets.length === 0) break
      const behind = all === columns.at(-1) && kept === all ? next : kept.offsets.at(-1)! + 1
      this.#chunks.push({ columns: kept, next: Math.min(behind, limit), taken: 0 })
      this.#bufferedBytes += kept.ends.at(-1)! - kept.starts[0]!
      this.#last = proofOf(kept, kept.offsets.length - 1)
    }
    if (next > this.#position) this.#trustedUntilMs = nowMs + trustMs
    this.#position = next
    this.#end = end
  }
}

/** The records with offsets below a limit. */
function before(columns: RecordColumns, limit: number): RecordColumns {
  const count = columns.offsets.findIndex((offset) => offset >= limit)
  return {
    buffer: columns.buffer,
    starts: columns.starts.slice(0, count),
    ends: columns.ends.slice(0, count),
    offsets: columns.offsets.slice(0, count),
    timesMs: columns.timesMs.slice(0, count),
    keyStarts: columns.keyStarts.slice(0, count),
    keyEnds: columns.keyEnds.slice(0, count),
  }
}
