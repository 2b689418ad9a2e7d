import { assert } from '../base/assert.ts'
import { MillraceError } from '../base/errors.ts'
import { requestRetentionMs } from '../base/limits.ts'
import { type Batch, failedRecordRoute, sinkOfRoute } from './batch.ts'
import type { BatchView } from './batch-view.ts'
import type { Bugs } from './bugs.ts'
import type { Codec } from './codec.ts'
import type { Effects } from './effects.ts'
import type { ExecutorParts } from './executor-parts.ts'
import { asError, Failures } from './failures.ts'
import { type HandlerRun, RowMissing } from './handler-run.ts'
import { reExpand } from './intake.ts'
import type { Envelope } from './message.ts'
import type { Plan } from './plan.ts'
import type { RowCache } from './row-cache.ts'
import { type Row, Status } from './row.ts'
import { Field } from './row-key.ts'
import type { TimerBook } from './timer-book.ts'
import { type Timer, TimerKind } from './timers.ts'
import { EntityUndo } from './undo.ts'

/** How a message of the batch ended. skipped: a timer that was cancelled before its turn, or a request that was answered before. */
export const Outcome = { none: 0, ok: 1, failed: 2, skipped: 3 } as const

/**
 * Runs the messages of a batch, one after the other, each whole or not at all.
 *
 * X1 Messages run in the order of the batch; what they send inside the group is appended to it.
 * X2 A handler that throws, or whose state cannot be kept, leaves no trace but its failure (dead letter, retry, stop).
 *    Only its entity is undone (undo.ts); if that finds a handler that is not deterministic, the batch is run again without
 *    the failed message.
 * X3 When a row must be read first, `run` returns with `cache.missing` filled, and goes on at the same message when called again.
 */
export class Executor {
  readonly #plan: Plan
  readonly #codec: Codec
  readonly #cache: RowCache
  readonly #batch: Batch
  readonly #effects: Effects
  readonly #timers: TimerBook
  readonly #run: HandlerRun
  readonly #undo: EntityUndo
  readonly #bugs: Bugs
  readonly #failures: Failures
  readonly view: BatchView
  /** Of the messages before the cursor. */
  readonly outcomes: number[] = []
  /** Requests of the batch, with what to answer once it is durable. */
  readonly answers: { readonly envelope: Envelope; answer: Uint8Array | undefined; error: Error | undefined }[] = []
  /** Entities that were forgotten: their activities must be listed before the seal. */
  readonly forgotten: Row[] = []
  /** What has failed since the batch was begun or begun again, and of what: few batches are run again, and an id is dear. */
  #failed: { readonly i: number; readonly error: unknown }[] = []
  /** Ids of messages that must fail again when the batch is run again, with what they failed of. */
  readonly #poison = new Map<string, unknown>()
  /** Those ids, while the batch is run again. The first time nobody has failed yet. */
  #failAgain: ReadonlyMap<string, unknown> | undefined = undefined

  constructor(parts: ExecutorParts) {
    this.#plan = parts.plan
    this.#codec = parts.codec
    this.#cache = parts.cache
    this.#batch = parts.batch
    this.#effects = parts.effects
    this.#timers = parts.timers
    this.#run = parts.run
    this.#bugs = parts.bugs
    this.view = parts.view
    this.#failures = new Failures(parts)
    this.#undo = new EntityUndo(parts, this.outcomes, (i) => this.#callAgain(i))
  }

  /** Nothing waits for a row, and no entity to be undone. */
  get settled(): boolean {
    return this.#cache.missing.length === 0 && !this.#undo.pending
  }

  /** Runs what is staged. False: load `cache.missing` and call again. Throws a MillraceError when the worker must stop. */
  run(): boolean {
    const batch = this.#batch
    this.#run.nowMs = batch.nowMs
    while (batch.cursor < batch.count || this.#undo.pending) {
      if (this.#undo.pending) {
        const undone = this.#undo.finish()
        if (undone === 'missing') return false
        if (undone === 'unkept') this.#pardon()
        if (undone !== 'done') this.#startOver()
        continue
      }
      if (!this.#runNext(batch.cursor)) {
        if (this.#cache.missing.length > 0) return false
        continue
      }
      batch.cursor += 1
    }
    return this.#cache.missing.length === 0
  }

  /** A state of the batch cannot be kept: find the message that made it so, by running the batch again with a look after each message. */
  startOverLookingAt(row: Row): void {
    this.#undo.suspect(row)
    this.#pardon()
    this.#startOver()
  }

  clear(): void {
    this.answers.length = 0
    this.forgotten.length = 0
    this.#pardon()
    this.#failAgain = undefined
    this.#undo.clear()
    if (this.view.tracing) this.view.handled = []
  }

  /** True: go on with the next message. False: `cursor` must be run again (rows are missing, or an entity is to be undone first). */
  #runNext(i: number): boolean {
    const batch = this.#batch
    const row = batch.rows[i]
    if (row === undefined) return this.#runWithoutRow(i)
    // Nearly always: a record's message for an entity that is at hand.
    if (batch.origins[i]! >= 0 && row.status === Status.live && this.#failAgain === undefined)
      return this.#handle(i, row, undefined)
    const envelope = batch.envelopeAt(i)
    switch (this.#prepare(i, row, envelope)) {
      case 'ready':
        return this.#handle(i, row, envelope)
      case 'missing':
        return false
      default:
        return true
    }
  }

  /** Brings the entity to life. done: nothing is left to do for this message. */
  #prepare(i: number, row: Row, envelope: Envelope | undefined): 'ready' | 'missing' | 'done' {
    if (row.status === Status.absent) {
      assert(this.#cache.missing.includes(row), `${row.describe()} is absent and nobody asked for it`)
      return 'missing'
    }
    const from = envelope?.from
    if (from?.kind === 'timer' && !from.timer.pending) return this.#skip(i)
    if (
      from?.kind === 'request' &&
      from.request.id !== undefined &&
      !this.#freshRequest(row, envelope!, from.request.id)
    ) {
      return this.#cache.missing.length > 0 ? 'missing' : this.#skip(i)
    }
    const poison = this.#failAgain?.get(this.#attemptOf(i, envelope))
    if (poison !== undefined) return this.#failUnrun(i, row, envelope, poison)
    if (row.status === Status.live) return 'ready'
    try {
      this.#cache.enliven(row, this.#codec)
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'MR_STATE_FROM_FUTURE') throw error
      return this.#failUnrun(i, row, envelope, error)
    }
    return 'ready'
  }

  /** Runs the handler of a message whose entity is at hand. Answers as `#runNext` does. */
  #handle(i: number, row: Row, envelope: Envelope | undefined): boolean {
    const batch = this.#batch
    const run = this.#run
    const firstTouch = row.batch !== batch.serial
    if (firstTouch) this.#cache.touch(row, batch.serial)
    else row.busy = batch.serial
    if (row.gone) this.#rebear(row)
    const from = envelope?.from
    const { payload } = this.#effects
    const effectsBefore = this.#effects.count
    const countBefore = batch.count
    const mustWaitBefore = run.mustWait
    batch.marks[i] = payload.length
    run.begin(i, row, row.shard, row.key, from?.kind === 'local' ? from.hops : 0)
    try {
      const internal = from?.kind === 'timer' && this.#isInternal(row, from.timer) // it carries no message
      const result = internal ? undefined : run.handle(batch.routes[i]!, this.view.message(i, envelope))
      if (run.missed) throw new RowMissing()
      const answer = from?.kind === 'request' && from.request.wantsAnswer ? run.answer(result) : undefined
      if (row.guarded === batch.serial) this.#undo.look(row, run.forgot)
      if (run.hasWishes || from !== undefined || row.table.plan.ttlMs !== undefined) this.#applyWishes(row, envelope)
      if (from?.kind === 'request') this.#answer(envelope!, answer, row)
    } catch (error) {
      this.#effects.truncate(effectsBefore, batch.marks[i]!)
      batch.truncate(countBefore)
      run.mustWait = mustWaitBefore
      this.#undo.entity(row, i, firstTouch)
      if (run.missed) {
        // It is run again when the rows are there, and may have changed the object it was given.
        if (envelope === undefined) batch.values[i] = this.view.valueAgain(i)
        return false
      }
      this.#fail(i, row, envelope, error)
      return true
    }
    this.outcomes[i] = Outcome.ok
    batch.values[i] = undefined // so that it dies young
    if (this.view.tracing) this.view.note(i, 'ok')
    return true
  }

  /** Outputs of a pipeline without state, and records that failed before they had a key. */
  #runWithoutRow(i: number): boolean {
    const batch = this.#batch
    const { payload } = this.#effects
    const effectsBefore = this.#effects.count
    batch.marks[i] = payload.length
    const route = batch.routes[i]!
    const shard = this.view.homeOf(i)
    if (route === failedRecordRoute) return this.#failWithoutRow(i, this.#valueOf(i), shard)
    this.#run.begin(i, undefined, shard, '', 0)
    try {
      this.#run.toSink(sinkOfRoute(route), this.#valueOf(i))
    } catch (error) {
      this.#effects.truncate(effectsBefore, batch.marks[i]!)
      return this.#failWithoutRow(i, error, shard)
    }
    this.outcomes[i] = Outcome.ok
    if (this.view.tracing) this.view.note(i, 'ok')
    return true
  }

  #valueOf(i: number): unknown {
    const envelope = this.#batch.envelopeAt(i)
    return envelope === undefined ? this.#batch.values[i] : this.view.message(i, envelope)
  }

  #failWithoutRow(i: number, error: unknown, shard: number): true {
    this.outcomes[i] = Outcome.failed
    this.#failures.deadLetter(i, undefined, error, shard)
    if (this.view.tracing) this.view.note(i, 'dead-letter')
    return true
  }

  /** Runs message i once more, into whatever effects the run writes to. For undo: the values are made anew. */
  #callAgain(i: number): void {
    const batch = this.#batch
    const row = batch.rows[i]!
    if (row.gone) this.#rebear(row)
    const envelope = batch.envelopeAt(i)
    const from = envelope?.from
    this.#run.begin(i, row, row.shard, row.key, from?.kind === 'local' ? from.hops : 0)
    if (from?.kind !== 'timer' || !this.#isInternal(row, from.timer)) {
      this.#run.handle(
        batch.routes[i]!,
        envelope === undefined ? this.view.valueAgain(i) : this.view.message(i, envelope),
      )
    }
    if (this.#run.forgot) this.#forget(row)
  }

  #applyWishes(row: Row, envelope: Envelope | undefined): void {
    const from = envelope?.from
    if (from?.kind === 'timer') this.#timers.remove(from.timer, this.#bugs.timerFiredAndRemovedInTwoCommits)
    if (this.#run.forgot) this.#forget(row)
    for (const { name, timer } of this.#run.timerWishes) {
      if (timer !== undefined) this.#timers.set(timer)
      else {
        const pending = this.#timers.find(row.table, row.key, name)
        if (pending !== undefined) this.#timers.remove(pending)
      }
    }
    const { ttlMs } = row.table.plan
    if (ttlMs === undefined || row.gone) return
    if (from?.kind !== 'timer' || from.timer.kind !== TimerKind.ttl) row.seenMs = this.#batch.nowMs
    if (this.#timers.find(row.table, row.key, ttlTimer) === undefined)
      this.#timers.set(this.#internalTimer(row, ttlTimer, TimerKind.ttl, row.seenMs + ttlMs))
  }

  /** Timers of the runtime itself: an idle entity, or an old answer, is forgotten. */
  #isInternal(row: Row, timer: Timer): boolean {
    if (timer.kind === TimerKind.ttl) {
      if (row.seenMs + row.table.plan.ttlMs! <= this.#batch.nowMs) this.#run.forgetCurrent()
      return true
    }
    if (timer.kind !== TimerKind.answer) return false
    this.#cache.forgetChild(row, Field.answer, timer.name.slice(answerTimer.length), this.#batch.serial)
    return true
  }

  #internalTimer(row: Row, name: string, kind: TimerKind, atMs: number): Timer {
    return {
      table: row.table,
      shard: row.shard,
      key: row.key,
      name,
      atMs,
      kind,
      route: this.#plan.routes.findIndex((route) => route.entity === row.table.index),
      message: new Uint8Array(0),
      timeMs: this.#batch.nowMs,
      idHigh: 0,
      idLow: 0,
      attempts: 0,
      pending: true,
    }
  }

  #forget(row: Row): void {
    row.gone = true
    row.state = undefined
    row.forgottenIn = this.#batch.serial
    for (const activity of row.activities?.values() ?? []) {
      if (activity.status === Status.absent) continue
      activity.status = Status.live
      activity.gone = true
      activity.state = undefined
      if (activity.batch !== this.#batch.serial) this.#cache.touch(activity, this.#batch.serial)
    }
    if (!this.#run.replaying) {
      this.#timers.removeAllOf(row.table, row.key)
      if (row.table.plan.createActivity !== undefined && !this.forgotten.includes(row)) this.forgotten.push(row)
    }
  }

  #rebear(row: Row): void {
    row.gone = false
    row.state = row.table.plan.create()
  }

  #skip(i: number): 'done' {
    this.outcomes[i] = Outcome.skipped
    this.#batch.marks[i] = this.#effects.payload.length
    return 'done'
  }

  #failUnrun(i: number, row: Row, envelope: Envelope | undefined, error: unknown): 'done' {
    this.#batch.marks[i] = this.#effects.payload.length
    this.#fail(i, row, envelope, error)
    return 'done'
  }

  #answer(envelope: Envelope, answer: Uint8Array | undefined, row: Row): void {
    this.answers.push({ envelope, answer, error: undefined })
    const { from } = envelope
    if (from.kind !== 'request' || from.request.id === undefined) return
    const memory = this.#cache.child(row, Field.answer, from.request.id)
    memory.status = Status.live
    memory.gone = false
    memory.state = answer === undefined ? { at: this.#batch.nowMs } : { at: this.#batch.nowMs, answer }
    if (memory.batch !== this.#batch.serial) this.#cache.touch(memory, this.#batch.serial)
    this.#timers.set(
      this.#internalTimer(row, answerTimer + from.request.id, TimerKind.answer, this.#batch.nowMs + requestRetentionMs),
    )
  }

  /** Whether a request with an id comes for the first time. If not, it gets the remembered answer. */
  #freshRequest(row: Row, envelope: Envelope, id: string): boolean {
    const memory = this.#cache.child(row, Field.answer, id)
    if (memory.status === Status.absent) {
      this.#cache.missing.push(memory)
      return false
    }
    if (memory.status === Status.encoded && this.#cache.exists(memory)) this.#cache.enliven(memory, this.#codec)
    if (memory.status !== Status.live || memory.gone) return true
    this.answers.push({ envelope, answer: (memory.state as { answer?: Uint8Array }).answer, error: undefined })
    return false
  }

  #fail(i: number, row: Row, envelope: Envelope | undefined, error: unknown): void {
    this.outcomes[i] = Outcome.failed
    this.#failed.push({ i, error })
    const how = this.#failures.settle(i, row, envelope, error)
    if (how === 'answer') this.answers.push({ envelope: envelope!, answer: undefined, error: asError(error) })
    if (this.view.tracing) this.view.note(i, how === 'answer' ? 'refused' : how)
  }

  /** A message that is tried again keeps its id. */
  #attemptOf(i: number, envelope: Envelope | undefined): string {
    const from = envelope?.from
    return from?.kind === 'timer' ? `${this.view.idOf(i)}/${from.timer.attempts}` : this.view.idOf(i)
  }

  /** Nothing that has failed must fail again. */
  #pardon(): void {
    this.#failed = []
    this.#poison.clear()
  }

  #startOver(): void {
    for (const { i, error } of this.#failed) this.#poison.set(this.#attemptOf(i, this.#batch.envelopeAt(i)), error)
    this.#failed = []
    this.#failAgain = this.#poison.size > 0 ? this.#poison : undefined
    this.#effects.clear()
    this.#timers.revert()
    this.#undo.everything()
    this.#run.mustWait = this.#run.mustWaitAtStart
    this.answers.length = 0
    this.forgotten.length = 0
    if (this.view.tracing) this.view.handled = []
    this.#batch.startOver((slot, index) =>
      reExpand(this.#plan, this.#batch.records.runOf(slot).partition.source, this.#batch.records.bytes(slot), index),
    )
  }
}

/** Names of the runtime's own timers; users' names begin with a handler's. */
const ttlTimer = '~ttl'
const answerTimer = '~answer/'
