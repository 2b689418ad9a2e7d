import { MillraceError } from '../base/errors.ts'
import { Chain } from '../base/hash.ts'
import type { Prng } from '../base/prng.ts'
import { sourceReplaced, sourceShrank } from '../ports/source-refusals.ts'
import type { RecordBatch, SourcePartition } from '../ports/source.ts'

/** Something that will happen later: the simulation decides when, and in which order. */
export type Schedule = (what: string, run: () => void) => void

interface Entry {
  readonly offset: number
  readonly bytes: Uint8Array
  /** Chain of everything up to this entry: what a proof is. */
  readonly proof: string
}

/**
 * The outside of a source: one partition of a log, which lives on while its readers come and go. Any number of readers may
 * overlap, each reading ahead on its own. Offsets grow by more than one where `gaps` is drawn, as those of a real log do.
 */
export class SimLog {
  readonly source: string
  readonly partition: string
  readonly #prng: Prng
  readonly #gaps: number
  readonly #readers = new Set<SimReader>()
  #entries: Entry[] = []
  readonly #chain = new Chain()
  /** After the last entry. */
  #end = 0
  #broken: number | undefined
  /** Rises when what was there is no longer what is there. */
  generation = 0

  /** `gaps`: the probability that an offset is passed over. */
  constructor(options: { source: string; partition: string; prng: Prng; gaps?: number }) {
    this.source = options.source
    this.partition = options.partition
    this.#prng = options.prng
    this.#gaps = options.gaps ?? 0
  }

  get end(): number {
    return this.#end
  }

  get count(): number {
    return this.#entries.length
  }

  append(records: readonly Uint8Array[]): void {
    for (const bytes of records) {
      while (this.#prng.chance(this.#gaps)) this.#end += 1
      this.#chain.add(bytes, 0, bytes.length)
      this.#entries.push({ offset: this.#end, bytes: bytes.slice(), proof: this.#chain.toString() })
      this.#end += 1
    }
    for (const reader of this.#readers) reader.changed()
  }

  /** Other content under the same name. */
  replace(records: readonly Uint8Array[]): void {
    this.shrink(0)
    this.append(records)
  }

  /** Cuts everything behind the first `count` records. */
  shrink(count: number): void {
    this.#entries = this.#entries.slice(0, count)
    const last = this.#entries.at(-1)
    this.#end = last === undefined ? 0 : last.offset + 1
    this.#chain.high = last === undefined ? 0 : Number.parseInt(last.proof.slice(0, 8), 16) | 0
    this.#chain.low = last === undefined ? 0 : Number.parseInt(last.proof.slice(8), 16) | 0
    this.#broken = undefined
    this.generation += 1
    for (const reader of this.#readers) reader.changed()
  }

  /** From here on nothing can be told apart: no reader gets past this point. */
  breakFraming(): void {
    this.#broken = this.#end
    for (const reader of this.#readers) reader.changed()
  }

  /** A new reader. `readAhead`: records that it may hold beyond what was polled. */
  read(options: { schedule: Schedule; prng: Prng; readAhead: number; wake: () => void }): SourcePartition {
    const reader = new SimReader(this, options, () => this.#readers.delete(reader))
    this.#readers.add(reader)
    return reader
  }

  /** The first entries at or after `offset`, at most `limit`. */
  from(offset: number, limit: number): readonly Entry[] {
    const first = this.#indexOf(offset)
    return this.#entries.slice(first, first + limit)
  }

  /** What a reader of everything before `offset` has as proof. */
  proofAt(offset: number): string {
    return this.#entries[this.#indexOf(offset) - 1]?.proof ?? ''
  }

  brokenAt(offset: number): boolean {
    return this.#broken !== undefined && offset >= this.#broken
  }

  #indexOf(offset: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

interface ReaderOptions {
  readonly schedule: Schedule
  readonly prng: Prng
  readonly readAhead: number
  readonly wake: () => void
}

/**
 * Fetches in events of its own, a drawn number of records at a time; what it fetched may be old news by the time of a poll. Now and then
 * the rest of what it has comes later, as over a network.
 */
class SimReader implements SourcePartition {
  readonly source: string
  readonly partition: string
  failed: MillraceError | undefined
  /** Everything before it is durable everywhere: what was told to `confirm`. */
  confirmed = 0
  readonly #log: SimLog
  readonly #options: ReaderOptions
  readonly #onClose: () => void
  #ready: Entry[] = []
  /** The failure comes after what was fetched before it. */
  #failing: MillraceError | undefined
  #session = 0
  #fetching = false
  #fetched = 0
  #proof = ''
  #generation = -1
  /** The last fetch found nothing, and nothing has changed since. */
  #dry = false
  #closed = false
  /** What is ready is not there yet. */
  #isLate = false

  constructor(log: SimLog, options: ReaderOptions, onClose: () => void) {
    this.source = log.source
    this.partition = log.partition
    this.#log = log
    this.#options = options
    this.#onClose = onClose
  }

  seek(next: number, proof: string): void {
    this.#session += 1
    this.#ready = []
    this.failed = undefined
    this.#failing = undefined
    this.#fetching = false
    this.#isLate = false
    this.#fetched = next
    this.#proof = proof
    this.#generation = -1
    this.#dry = false
    this.#fetch()
  }

  poll(maxRecords: number): RecordBatch | undefined {
    const { prng } = this.#options
    const available = this.#isLate ? 0 : Math.min(maxRecords, this.#ready.length)
    if (available <= 0) {
      this.#settle()
      return undefined
    }
    const entries = this.#ready.splice(0, 1 + prng.below(available))
    this.#settle()
    this.#fetch()
    if (this.#ready.length > 0 && prng.chance(0.5)) this.#beLate()
    return toBatch(entries)
  }

  get hasMore(): boolean {
    return !this.#isLate && this.#ready.length > 0
  }

  get atEnd(): boolean {
    return this.#dry && this.#ready.length === 0 && this.#failing === undefined && this.failed === undefined
  }

  confirm(next: number): void {
    this.confirmed = next
  }

  close(): Promise<void> {
    this.#closed = true
    this.#session += 1
    this.#ready = []
    this.#onClose()
    return Promise.resolve()
  }

  /** The log is no longer as it was. */
  changed(): void {
    if (this.#session === 0) return
    this.#dry = false
    this.#fetch()
  }

  #beLate(): void {
    this.#isLate = true
    const session = this.#session
    this.#options.schedule(`source ${this.source}/${this.partition} has more`, () => {
      if (session !== this.#session) return
      this.#isLate = false
      this.#options.wake()
    })
  }

  #fetch(): void {
    if (this.#closed || this.#fetching || this.#dry || this.#failing !== undefined || this.failed !== undefined) return
    if (this.#ready.length >= this.#options.readAhead) return
    this.#fetching = true
    const session = this.#session
    this.#options.schedule(`source ${this.source}/${this.partition} fetches from ${this.#fetched}`, () => {
      if (session !== this.#session) return
      this.#fetching = false
      this.#arrive()
      this.#fetch()
      this.#options.wake()
    })
  }

  #arrive(): void {
    const log = this.#log
    this.#failing = this.#compare()
    if (this.#failing !== undefined) return this.#settle()
    const room = this.#options.readAhead - this.#ready.length
    const entries = log.from(this.#fetched, 1 + this.#options.prng.below(room))
    const last = entries.at(-1)
    if (last !== undefined) {
      this.#ready.push(...entries)
      this.#fetched = last.offset + 1
      this.#proof = last.proof
    } else if (log.brokenAt(log.end)) {
      this.#failing = new MillraceError('MR_FRAMING_BROKEN', `offset ${log.end} of ${this.#name()} is no record`, {
        next: 'Check the framing of this end',
      })
      this.#settle()
    } else this.#dry = true
  }

  /** Whether the log is still the one that was read up to here. */
  #compare(): MillraceError | undefined {
    const log = this.#log
    if (this.#generation === log.generation) return undefined
    this.#generation = log.generation
    if (log.end < this.#fetched) {
      return sourceShrank(this.#name(), `offset ${this.#fetched}`, `offset ${log.end}`)
    }
    if (this.#proof === '' || this.#proof === log.proofAt(this.#fetched)) return undefined
    return sourceReplaced(this.#name(), `offset ${this.#fetched}`)
  }

  /** A failure is told when nothing is left before it. */
  #settle(): void {
    if (this.#ready.length === 0) this.failed ??= this.#failing
  }

  #name(): string {
    return `partition ${this.partition} of source ${this.source}`
  }
}

function toBatch(entries: readonly Entry[]): RecordBatch {
  const count = entries.length
  const edges = new Int32Array(count + 1)
  entries.forEach((entry, i) => {
    edges[i + 1] = edges[i]! + entry.bytes.length
  })
  const buffer = new Uint8Array(edges[count]!)
  entries.forEach((entry, i) => buffer.set(entry.bytes, edges[i]))
  const last = entries[count - 1]!
  return {
    count,
    buffer,
    starts: edges.subarray(0, count),
    ends: edges.subarray(1),
    offsets: Float64Array.from(entries, (entry) => entry.offset),
    next: last.offset + 1,
    proof: last.proof,
  }
}
