import { MillraceError } from '../base/errors.ts'
import { maxStateBytes } from '../base/limits.ts'
import type { Batch } from './batch.ts'
import type { Codec } from './codec.ts'
import { UnencodableError } from './codec.ts'
import { Effects } from './effects.ts'
import type { ExecutorParts } from './executor-parts.ts'
import { RowMissing } from './handler-run.ts'
import { type Row, Status } from './row.ts'

/**
 * Takes back what a failed handler did to its entity, at the cost of that entity alone (docs/decisions/0005-undo-one-entity.md).
 *
 * U1 The entity is decoded again from its last sealed bytes, and its own earlier messages of the batch are run again. If one of
 *    them has other effects than it had before, the handler is not deterministic and the whole batch must be run again.
 * U2 From its first failure on, an entity is encoded after each good message of the batch: its next failure costs one decode.
 * U3 A state that cannot be kept is the fault of some message before: the whole batch is run again with a look at the entity
 *    after each message, and without what failed before, since that may have failed of what will not happen now.
 */
export class EntityUndo {
  readonly #parts: ExecutorParts
  readonly #batch: Batch
  readonly #codec: Codec
  readonly #outcomes: readonly number[]
  readonly #callAgain: (i: number) => void
  readonly #scratch = new Effects()
  readonly #suspects = new Set<Row>()
  /** Those that have a snapshot. */
  readonly #looked: Row[] = []
  #unfinished: { readonly row: Row; readonly before: number; readonly alone: boolean }[] = []
  /** The messages of each entity, up to `#indexed`. Made at the first failure of a batch. */
  #messagesOf = new Map<Row, number[]>()
  #indexed = 0

  constructor(parts: ExecutorParts, outcomes: readonly number[], callAgain: (i: number) => void) {
    this.#parts = parts
    this.#batch = parts.batch
    this.#codec = parts.codec
    this.#outcomes = outcomes
    this.#callAgain = callAgain
  }

  /** Whether `finish` has something to do. */
  get pending(): boolean {
    return this.#unfinished.length > 0
  }

  /** Undoes message `i` of `row`. `alone`: it was the first of the batch to reach the entity. */
  entity(row: Row, i: number, alone: boolean): void {
    if (row.guarded === this.#batch.serial && row.snapshot !== undefined) {
      this.#restore(row)
      return
    }
    this.#toBase(row)
    row.guarded = this.#batch.serial
    this.#unfinished.push({ row, before: i, alone })
  }

  /** Runs the earlier messages of undone entities again. missing: rows must be read first. differs: U1. unkept: U3. */
  finish(): 'done' | 'missing' | 'differs' | 'unkept' {
    while (this.#unfinished.length > 0) {
      const { row, before, alone } = this.#unfinished.at(-1)!
      if (row.status === Status.absent) return 'missing'
      const verdict = alone ? 'done' : this.#replay(row, before)
      if (verdict !== 'done') return verdict
      if (row.status === Status.live && !this.#canLook(row)) return 'unkept'
      this.#unfinished.pop()
    }
    return 'done'
  }

  /** Remembers the entity as it is now. Throws MR_STATE_INVALID or MR_STATE_TOO_LARGE when it cannot be kept. */
  look(row: Row, gone: boolean): void {
    const activities: (readonly [Row, Uint8Array | undefined])[] = []
    for (const activity of row.activities?.values() ?? []) {
      if (activity.batch !== this.#batch.serial || activity.status !== Status.live) continue
      activities.push([activity, gone || activity.gone ? undefined : encodeState(activity, this.#codec).slice()])
    }
    if (row.snapshot === undefined) this.#looked.push(row)
    row.snapshot = {
      state: gone ? undefined : encodeState(row, this.#codec).slice(),
      activities,
      forgottenIn: gone ? this.#batch.serial : row.forgottenIn,
    }
  }

  /** Whether the entity is as it can be kept. If not, an earlier message is to blame: it becomes a suspect (U3). */
  #canLook(row: Row): boolean {
    try {
      this.look(row, row.gone)
      return true
    } catch (error) {
      if (!(error instanceof MillraceError) || this.#suspects.has(row)) throw error
      this.#suspects.add(row)
      return false
    }
  }

  /** From now on the entity of this row is looked at after each message (U3). */
  suspect(row: Row): void {
    const owner = row.parent ?? row
    if (this.#suspects.has(owner)) encodeState(row, this.#codec) // throws again: the look after each message found nothing
    this.#suspects.add(owner)
  }

  /** Every row that the batch touched goes back to its sealed value. */
  everything(): void {
    for (const row of this.#parts.cache.touched) {
      this.#parts.cache.reset(row)
      row.batch = 0
      row.guarded = 0
      row.snapshot = undefined
    }
    this.#parts.cache.touched.length = 0
    for (const row of this.#suspects) row.guarded = this.#batch.serial
    this.#forgetIndex()
  }

  clear(): void {
    for (const row of this.#looked.splice(0)) row.snapshot = undefined
    this.#suspects.clear()
    this.#forgetIndex()
  }

  #forgetIndex(): void {
    this.#unfinished = []
    this.#indexed = 0
    if (this.#messagesOf.size > 0) this.#messagesOf = new Map()
  }

  #toBase(row: Row): void {
    row.snapshot = undefined
    this.#parts.cache.reset(row)
    for (const activity of row.activities?.values() ?? [])
      if (activity.batch === this.#batch.serial) this.#parts.cache.reset(activity)
  }

  #restore(row: Row): void {
    const { state, activities, forgottenIn } = row.snapshot!
    for (const activity of row.activities?.values() ?? [])
      if (activity.batch === this.#batch.serial) this.#parts.cache.reset(activity)
    this.#revive(row, state)
    row.forgottenIn = forgottenIn
    for (const [activity, bytes] of activities) this.#revive(activity, bytes)
  }

  #revive(row: Row, state: Uint8Array | undefined): void {
    row.status = Status.live
    row.gone = state === undefined
    row.state = state === undefined ? undefined : (this.#codec.decode(state, 0, state.length) as object)
  }

  #replay(row: Row, before: number): 'done' | 'missing' | 'differs' {
    const { run, effects, cache } = this.#parts
    cache.enliven(row, this.#codec)
    run.effects = this.#scratch
    run.replaying = true
    try {
      for (const i of this.#earlier(row, before)) {
        this.#scratch.clear()
        this.#callAgain(i)
        if (run.missed) throw new RowMissing()
        if (!this.#sameEffects(i)) return 'differs'
      }
      return 'done'
    } catch {
      if (!run.missed) return 'differs'
      this.#toBase(row)
      return 'missing'
    } finally {
      run.effects = effects
      run.replaying = false
    }
  }

  *#earlier(row: Row, before: number): Iterable<number> {
    for (; this.#indexed < before; this.#indexed++) {
      const owner = this.#batch.rows[this.#indexed]
      if (owner === undefined) continue
      const list = this.#messagesOf.get(owner)
      if (list === undefined) this.#messagesOf.set(owner, [this.#indexed])
      else list.push(this.#indexed)
    }
    for (const i of this.#messagesOf.get(row) ?? []) if (i < before && this.#outcomes[i] === 1) yield i
  }

  #sameEffects(i: number): boolean {
    const now = this.#scratch.payload
    const then = this.#parts.effects.payload
    const start = this.#batch.marks[i]!
    if (this.#batch.marks[i + 1]! - start !== now.length) return false
    for (let at = 0; at < now.length; at++) if (now.bytes[at] !== then.bytes[start + at]) return false
    return true
  }
}

/** A state as bytes of the codec, valid until the next encode. Throws MR_STATE_INVALID or MR_STATE_TOO_LARGE, naming entity and path. */
export function encodeState(row: Row, codec: Codec): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = codec.encode(row.state)
  } catch (cause) {
    if (!(cause instanceof UnencodableError)) throw cause
    throw new MillraceError('MR_STATE_INVALID', `the state of ${row.describe()} cannot be kept: ${cause.message}`, {
      next: 'Keep plain data in the state: objects, lists, Map, Set, Date, bytes, bigint',
      cause,
    })
  }
  if (bytes.length > maxStateBytes) {
    throw new MillraceError(
      'MR_STATE_TOO_LARGE',
      `the state of ${row.describe()} is ${bytes.length} bytes, more than ${maxStateBytes}`,
      {
        next: 'Split the entity, or keep what grows in activities',
      },
    )
  }
  return bytes
}
