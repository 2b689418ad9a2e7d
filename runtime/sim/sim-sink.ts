import type { MillraceError } from '../base/errors.ts'
import type { Prng } from '../base/prng.ts'
import { laneWentBack, sinkBroken, sinkFenced, sinkFull } from '../ports/sink-refusals.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../ports/sink.ts'
import type { Schedule } from './sim-source.ts'

export interface SimOutput {
  readonly shard: number
  readonly number: number
  readonly bytes: Uint8Array
}

/** Mistakes that can be planted, to show that the simulator finds them. Nothing but a test sets one. */
export interface SimSinkBugs {
  /** Positions are durable before the content they count in (O3). */
  readonly positionBeforeContent?: boolean
  /** What was half written is not undone at open (O1). */
  readonly noCut?: boolean
  /** At open the positions are read, and only later is the writer before fenced (O5). */
  readonly positionBeforeFencing?: boolean
}

/**
 * What may go wrong with the batches of one transaction.
 * `refused`: it did not happen, and the sink knows. `lost`: it did not happen, and the sink does not know.
 * `applied`: it happened, and the sink does not know. `full`: no room is left, and it did not happen.
 */
export type SinkFault = 'refused' | 'lost' | 'applied' | 'full'

/** One thing that happens to the outside, all at once. A transaction is many of them; the last makes it count. */
type Change = (outside: SimOutside) => void

/** The outside of a sink: it keeps content and positions while its writers come, crash and are fenced. */
export class SimOutside {
  readonly sink: string
  readonly guarantee: 'effectively-once' | 'at-least-once'
  readonly bugs: SimSinkBugs
  /** Which writer's changes count: that of the last `open`. */
  epoch = 0
  readonly #content: SimOutput[] = []
  /** How much of the content the positions count in. */
  #counted = 0
  readonly #positions = new Map<number, LanePosition>()

  constructor(options: { sink: string; guarantee?: 'effectively-once' | 'at-least-once'; bugs?: SimSinkBugs }) {
    this.sink = options.sink
    this.guarantee = options.guarantee ?? 'effectively-once'
    this.bugs = options.bugs ?? {}
  }

  /** All content, in its order, as somebody sees it who looks now. */
  outputs(): readonly SimOutput[] {
    return this.#content
  }

  positions(): readonly LanePosition[] {
    return this.guarantee === 'effectively-once' ? [...this.#positions.values()] : []
  }

  add(output: SimOutput): void {
    this.#content.push(output)
  }

  /** From now on `length` outputs count, and these are the positions of the lanes that moved. */
  count(length: number, positions: readonly LanePosition[]): void {
    this.#counted = length
    for (const position of positions) this.#positions.set(position.shard, position)
  }

  /** Undoes what does not count. */
  cut(): void {
    if (this.guarantee === 'at-least-once' || this.bugs.noCut === true) return
    this.#content.length = Math.min(this.#content.length, this.#counted)
  }

  positionOf(shard: number): number {
    return this.#positions.get(shard)?.number ?? 0
  }
}

export interface SimSinkOptions {
  readonly outside: SimOutside
  readonly schedule: Schedule
  readonly prng: Prng
  /** Asked about every batch at the moment its transaction begins. */
  readonly fault?: (batch: OutputBatch) => SinkFault | undefined
}

interface Waiting {
  readonly batch: OutputBatch
  readonly done: (error: MillraceError | undefined) => void
}

/**
 * One writer of an outside, by any name a transactional sink: it takes a drawn number of waiting batches into one transaction,
 * writes it in several events, makes it count in a last one, and answers in yet another. A crash leaves a drawn part of all
 * that done, may leave another part to arrive late, and never answers.
 */
export class SimSink implements SinkPort {
  readonly sink: string
  readonly guarantee: 'effectively-once' | 'at-least-once'
  readonly #options: SimSinkOptions
  #epoch = -1
  readonly #waiting: Waiting[] = []
  /** The transaction under way, and whom to answer then. */
  #changes: Change[] = []
  #answers: Waiting[] = []
  #busy = false
  #failed: MillraceError | undefined
  #dead = false
  #idle: (() => void)[] = []

  constructor(options: SimSinkOptions) {
    this.sink = options.outside.sink
    this.guarantee = options.outside.guarantee
    this.#options = options
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    const { outside } = this.#options
    let positions: readonly LanePosition[] = []
    const fence = (): void => {
      this.#epoch = ++outside.epoch
      outside.cut()
    }
    const read = (): void => {
      positions = outside.positions()
    }
    const [first, second] = outside.bugs.positionBeforeFencing === true ? [read, fence] : [fence, read]
    this.#later('opens', () => {
      first()
      this.#later('opens on', () => {
        second()
        this.#later('is open', () => done(undefined, positions))
      })
    })
  }

  write(batch: OutputBatch, done: (error: MillraceError | undefined) => void): void {
    this.#waiting.push({ batch: copyOf(batch), done })
    this.#begin()
  }

  close(): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#idle.push(resolve)
    })
    this.#tellIdle()
    return idle
  }

  /** Batches that were not answered yet. */
  get pending(): number {
    return this.#waiting.length + this.#answers.length
  }

  /**
   * The process dies: nothing is answered any more. Of all it had been given, a drawn first part was written, and a drawn part
   * of the rest is on its way: it arrives later, unless another writer has opened by then.
   */
  crash(): void {
    if (this.#dead) return
    this.#dead = true
    const { prng, schedule, outside } = this.#options
    const epoch = this.#epoch
    const changes = [...this.#changes]
    if (this.#failed === undefined) for (const { batch } of this.#waiting) changes.push(...this.#changesOf([batch]))
    const written = changes.splice(0, prng.below(changes.length + 1))
    this.#apply(written)
    const late = changes.slice(0, prng.below(changes.length + 1))
    if (late.length > 0) {
      schedule(`sink ${this.sink}: what a dead writer sent arrives`, () => {
        if (outside.epoch === epoch) for (const change of late) change(outside)
      })
    }
    this.#waiting.length = 0
    this.#answers = []
    this.#tellIdle()
  }

  #begin(): void {
    if (this.#busy || this.#dead || this.#waiting.length === 0) return
    this.#busy = true
    this.#later('begins', () => {
      const { prng, outside, fault } = this.#options
      this.#answers = this.#waiting.splice(0, 1 + prng.below(this.#waiting.length))
      this.#refuse(outside)
      if (this.#failed !== undefined) return this.#answer()
      const batches = this.#answers.map(({ batch }) => batch)
      const found = batches.map((batch) => fault?.(batch)).find((kind) => kind !== undefined)
      this.#changes = found === undefined || found === 'applied' ? this.#changesOf(batches) : []
      if (found !== undefined) this.#failed = faultError(this.sink, found)
      this.#write()
    })
  }

  /** Writes a drawn part of the transaction at a time. */
  #write(): void {
    if (this.#changes.length === 0) return this.#answer()
    this.#later('writes', () => {
      const part = this.#changes.splice(0, 1 + this.#options.prng.below(this.#changes.length))
      if (!this.#apply(part)) {
        this.#failed ??= sinkFenced(`sink ${this.sink}`)
        this.#changes = []
      }
      this.#write()
    })
  }

  #answer(): void {
    this.#later('answers', () => {
      const answers = this.#answers
      this.#answers = []
      this.#busy = false
      for (const { done } of answers) done(this.#failed)
      this.#begin()
      this.#tellIdle()
    })
  }

  /** What is wrong before anything is written. */
  #refuse(outside: SimOutside): void {
    if (this.#failed !== undefined) return
    if (outside.epoch !== this.#epoch) this.#failed = sinkFenced(`sink ${this.sink}`)
    else if (this.guarantee === 'effectively-once') this.#failed = this.#comesAgain(outside)
  }

  #comesAgain(outside: SimOutside): MillraceError | undefined {
    for (const { batch } of this.#answers) {
      for (const { shard, number } of batch.positions) {
        const known = outside.positionOf(shard)
        if (number >= known) continue
        return laneWentBack(`sink ${this.sink}`, shard, number, known)
      }
    }
    return undefined
  }

  #changesOf(batches: readonly OutputBatch[]): Change[] {
    const changes: Change[] = batches.flatMap(outputsOf).map((output) => (outside) => outside.add(output))
    const positions = batches.flatMap((batch) => batch.positions)
    const count = changes.length
    if (this.#options.outside.bugs.positionBeforeContent === true) {
      return [(outside) => outside.count(outside.outputs().length + count, positions), ...changes]
    }
    return [...changes, (outside) => outside.count(outside.outputs().length, positions)]
  }

  /** False: another writer has opened, and nothing was changed. */
  #apply(changes: readonly Change[]): boolean {
    const { outside } = this.#options
    if (outside.epoch !== this.#epoch) return false
    for (const change of changes) change(outside)
    return true
  }

  #later(what: string, run: () => void): void {
    this.#options.schedule(`sink ${this.sink} ${what}`, () => {
      if (!this.#dead) run()
    })
  }

  #tellIdle(): void {
    if (!this.#dead && (this.pending > 0 || this.#busy)) return
    for (const tell of this.#idle.splice(0)) tell()
  }
}

/** Numbers follow from the position that a batch leaves its lanes at. */
function outputsOf(batch: OutputBatch): SimOutput[] {
  const left = new Map<number, number>()
  for (let i = 0; i < batch.count; i++) left.set(batch.shards[i]!, (left.get(batch.shards[i]!) ?? 0) + 1)
  const numbers = new Map(batch.positions.map(({ shard, number }) => [shard, number - (left.get(shard) ?? 0)]))
  return Array.from({ length: batch.count }, (_, i) => {
    const shard = batch.shards[i]!
    const number = (numbers.get(shard) ?? 0) + 1
    numbers.set(shard, number)
    return { shard, number, bytes: batch.buffer.slice(batch.starts[i], batch.ends[i]) }
  })
}

function copyOf(batch: OutputBatch): OutputBatch {
  return {
    ...batch,
    buffer: batch.buffer.slice(),
    starts: Array.from(batch.starts),
    ends: Array.from(batch.ends),
    shards: Array.from(batch.shards),
    positions: [...batch.positions],
  }
}

function faultError(sink: string, fault: SinkFault): MillraceError {
  const certain = fault === 'refused' || fault === 'full'
  if (fault === 'full') return sinkFull(`the outputs of sink ${sink}`, { certain })
  return sinkBroken(`a simulated write to sink ${sink} failed (${fault})`, { certain })
}
