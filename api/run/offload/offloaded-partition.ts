import type { MillraceError } from '../../../runtime/base/errors.ts'
import type { RecordBatch, SourcePartition } from '../../../runtime/ports/source.ts'
import type { Answer, Ask, OffloadedSource, Segment } from '../../offload/offloaded-source.ts'
import type { OffloadDesk } from './desk.ts'

/** The partition of a source as the worker is to see it: its records come when their offloaded steps are done. */
export function offloadedPartition(
  desk: OffloadDesk | undefined,
  source: number,
  partition: SourcePartition,
  wake: () => void,
): SourcePartition {
  const offloaded = desk?.source(source)
  return offloaded === undefined ? partition : new OffloadedPartition(partition, offloaded, desk!, wake)
}

/** A batch of the inner partition, of which records before `from` were given on. */
interface Unit {
  readonly batch: RecordBatch
  readonly records: Waiting[]
  /** Records whose steps are not done. */
  open: number
  from: number
}

interface Waiting {
  readonly bytes: Uint8Array
  segment: Segment | undefined
  /** Its own bytes, and those of the results. */
  size: number
}

/**
 * Passes a partition on, record by record in the same order, each when its offloaded steps are done.
 *
 * P1 Records are read ahead while the desk has room; what is done waits for what was read before it.
 * P2 What was read ahead and not given on was never read, as far as the worker knows: `atEnd` is not true before it is, and a drain
 *    or a `seek` forgets it.
 * P3 Records are copied when they are given on, so that results are tied to memory that lives as long as the worker needs the
 *    records (O2), and no two records begin at the same place.
 * P4 What a record and its results take counts until it is durable.
 */
class OffloadedPartition implements SourcePartition {
  readonly source: string
  readonly partition: string
  readonly start: number
  readonly #inner: SourcePartition
  readonly #offloaded: OffloadedSource
  readonly #desk: OffloadDesk
  readonly #wake: () => void
  #units: Unit[] = []
  /** What was given on and is not durable. */
  #given: { readonly next: number; readonly size: number }[] = []
  /** What of the desk's load is this partition's. */
  #records = 0
  #bytes = 0
  /** Counts `seek` and `close`: what was asked before is of no use. */
  #seeks = 0

  constructor(inner: SourcePartition, offloaded: OffloadedSource, desk: OffloadDesk, wake: () => void) {
    this.#inner = inner
    this.#offloaded = offloaded
    this.#desk = desk
    this.#wake = wake
    this.source = inner.source
    this.partition = inner.partition
    this.start = inner.start ?? 0
  }

  seek(next: number, proof: string): void {
    this.#forget()
    this.#inner.seek(next, proof)
  }

  poll(maxRecords: number): RecordBatch | undefined {
    this.#readAhead(maxRecords)
    const batch = this.#takeReady(maxRecords)
    if (batch !== undefined) this.#readAhead(maxRecords)
    return batch
  }

  get atEnd(): boolean {
    return this.#units.length === 0 && this.#inner.atEnd
  }

  /** It comes after what was read before it. */
  get failed(): MillraceError | undefined {
    return this.#units.length === 0 ? this.#inner.failed : undefined
  }

  confirm(next: number): void {
    while (this.#given.length > 0 && this.#given[0]!.next <= next) this.#count(0, -this.#given.shift()!.size)
    this.#inner.confirm(next)
  }

  close(): Promise<void> {
    this.#forget()
    return this.#inner.close()
  }

  #forget(): void {
    this.#seeks += 1
    this.#units = []
    this.#given = []
    this.#count(-this.#records, -this.#bytes)
  }

  #count(records: number, bytes: number): void {
    this.#records += records
    this.#bytes += bytes
    this.#desk.load.records += records
    this.#desk.load.bytes += bytes
  }

  /** P1 */
  #readAhead(maxRecords: number): void {
    for (;;) {
      const room = this.#desk.roomFor(this.#offloaded, { isIdle: this.#given.length === 0 && this.#units.length === 0 })
      if (room === 0) return
      const batch = this.#inner.poll(Math.min(room, maxRecords))
      if (batch === undefined) return
      this.#begin(batch)
    }
  }

  #begin(batch: RecordBatch): void {
    const { buffer, starts, ends, count } = batch
    const unit: Unit = { batch, records: [], open: count, from: 0 }
    this.#units.push(unit)
    for (let i = 0; i < count; i++) {
      const bytes = buffer.subarray(starts[i], ends[i])
      const record: Waiting = { bytes, segment: undefined, size: bytes.length }
      unit.records.push(record)
      this.#count(1, bytes.length)
      this.#prepare(unit, record)
    }
  }

  #prepare(unit: Unit, record: Waiting): void {
    const seeks = this.#seeks
    const isWanted = (): boolean => this.#seeks === seeks
    let isHere = true
    const ask: Ask = (step, bytes, done) => {
      const answered = (answer: Answer): void => {
        if (!isWanted()) return
        const size = 'bytes' in answer ? answer.bytes.length : 0
        record.size += size
        this.#count(0, size)
        done(answer)
      }
      this.#desk.ask(step, bytes, isWanted, answered)
    }
    this.#offloaded.prepare(record.bytes, ask, (segment) => {
      record.segment = segment
      unit.open -= 1
      // Whoever reads ahead looks for itself; and what waits for others need not wake anybody.
      if (!isHere && unit.open === 0 && this.#units[0] === unit) this.#wake()
    })
    isHere = false
  }

  /**
   * The units at the front that are done. Only whole ones have a proof (R4), so one is divided only where fewer records are wanted than
   * when it was read; until the rest of it follows, nothing is vouched for.
   */
  #takeReady(maxRecords: number): RecordBatch | undefined {
    const taken: { readonly record: Waiting; readonly offset: number; readonly timeMs: number | undefined }[] = []
    let next = 0
    let proof = ''
    while (this.#units.length > 0 && taken.length < maxRecords) {
      const unit = this.#units[0]!
      if (unit.open > 0) break
      const { batch, records } = unit
      const until = Math.min(batch.count, unit.from + maxRecords - taken.length)
      for (let i = unit.from; i < until; i++)
        taken.push({ record: records[i]!, offset: batch.offsets[i]!, timeMs: batch.timesMs?.[i] })
      unit.from = until
      const isWhole = until === batch.count
      next = isWhole ? batch.next : batch.offsets[until]!
      proof = isWhole ? batch.proof : ''
      if (!isWhole) break
      this.#units.shift()
    }
    if (taken.length === 0) return undefined
    const size = taken.reduce((sum, { record }) => sum + record.size, 0)
    this.#given.push({ next, size })
    this.#count(-taken.length, 0)
    return { ...this.#copied(taken.map(({ record }) => record)), ...timed(taken), count: taken.length, next, proof }
  }

  /** P3 */
  #copied(records: readonly Waiting[]): Pick<RecordBatch, 'buffer' | 'starts' | 'ends'> {
    const starts = new Uint32Array(records.length)
    const ends = new Uint32Array(records.length)
    let size = 0
    records.forEach(({ bytes }, i) => {
      starts[i] = size
      ends[i] = size + bytes.length
      size += Math.max(1, bytes.length)
    })
    const buffer = new Uint8Array(size)
    records.forEach(({ bytes, segment }, i) => {
      buffer.set(bytes, starts[i])
      this.#offloaded.keep(buffer.subarray(starts[i], ends[i]), segment!)
    })
    return { buffer, starts, ends }
  }
}

function timed(
  taken: readonly { readonly offset: number; readonly timeMs: number | undefined }[],
): Pick<RecordBatch, 'offsets'> & { readonly timesMs?: number[] } {
  const offsets = Float64Array.from(taken, ({ offset }) => offset)
  return taken[0]!.timeMs === undefined ? { offsets } : { offsets, timesMs: taken.map(({ timeMs }) => timeMs!) }
}
