import { assert } from '../base/assert.ts'
import { MillraceError, messageOf } from '../base/errors.ts'
import type { Batch } from './batch.ts'
import type { Codec } from './codec.ts'
import { type DeadLetterData, describeFailure, encodeDeadLetter } from './dead-letter.ts'
import { EffectKind, type Effects } from './effects.ts'
import type { Handled, Origin } from './handled.ts'
import type { HandlerRun } from './handler-run.ts'
import { RowMissing } from './handler-run.ts'
import { type Envelope, idText } from './message.ts'
import { MessageId } from './message-id.ts'
import { reExpand } from './intake.ts'
import type { Plan } from './plan.ts'
import type { RowCache } from './row-cache.ts'
import { enliven, type Row, Status } from './row.ts'
import { Field } from './row-key.ts'
import type { TimerBook } from './timer-book.ts'
import { type Timer, TimerKind } from './timers.ts'
import { EntityUndo } from './undo.ts'

/** How a message of the batch ended. skipped: a timer that was cancelled before its turn, or a request that was answered before. */
export const Outcome = { none: 0, ok: 1, failed: 2, skipped: 3 } as const

/** Negative routes: what is staged that no handler runs. */
export const sinkRoute = (sink: number): number => -2 - sink
export const failedRecordRoute = -1

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
  readonly #id = new MessageId()
  readonly outcomes: number[] = []
  /** Requests of the batch, with what to answer once it is durable. */
  readonly answers: { readonly envelope: Envelope; answer: Uint8Array | undefined; error: Error | undefined }[] = []
  /** Entities that were forgotten: their activities must be listed before the seal. */
  readonly forgotten: Row[] = []
  /** Only filled while `tracing`. */
  handled: Handled[] = []
  tracing = false
  /** Ids of messages that must fail again when the batch is run again, with what they failed of. */
  readonly #poison = new Map<string, unknown>()
  readonly #homeShard: (source: number, partition: string) => number

  constructor(parts: ExecutorParts) {
    this.#plan = parts.plan
    this.#codec = parts.codec
    this.#cache = parts.cache
    this.#batch = parts.batch
    this.#effects = parts.effects
    this.#timers = parts.timers
    this.#run = parts.run
    this.#homeShard = parts.homeShard
    this.#undo = new EntityUndo(parts, this.outcomes, (i) => this.#callAgain(i))
  }

  /** Runs what is staged. False: load `cache.missing` and call again. Throws a MillraceError when the worker must stop. */
  run(): boolean {
    const batch = this.#batch
    this.#run.nowMs = batch.nowMs
    while (batch.cursor < batch.count || this.#undo.pending) {
      if (this.#undo.pending) {
        const undone = this.#undo.finish()
        if (undone === 'missing') return false
        if (undone === 'differs') this.#startOver()
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
    this.#startOver()
  }

  clear(): void {
    this.answers.length = 0
    this.forgotten.length = 0
    this.outcomes.length = 0
    this.#poison.clear()
    this.#undo.clear()
    if (this.tracing) this.handled = []
  }

  /** True: go on with the next message. False: `cursor` must be run again (rows are missing, or an entity is to be undone first). */
  #runNext(i: number): boolean {
    const batch = this.#batch
    const row = batch.rows[i]
    const envelope = batch.envelopeAt(i)
    if (row === undefined) return this.#runWithoutRow(i)
    if (row.status === Status.absent) {
      assert(this.#cache.missing.includes(row), `${row.describe()} is absent and nobody asked for it`)
      return false
    }
    const from = envelope?.from
    if (from?.kind === 'timer' && !from.timer.pending) return this.#skip(i)
    if (from?.kind === 'request' && from.request.id !== undefined && !this.#freshRequest(row, envelope!, from.request.id)) {
      return this.#cache.missing.length === 0 && this.#skip(i)
    }
    if (this.#poison.size > 0) {
      const error = this.#poison.get(this.idOf(i))
      if (error !== undefined) {
        batch.marks[i] = this.#effects.payload.length
        this.#settleFailure(i, row, envelope, error)
        return true
      }
    }
    if (row.status !== Status.live) {
      try {
        enliven(row, this.#codec)
      } catch (error) {
        if (error instanceof MillraceError && error.code === 'MR_STATE_FROM_FUTURE') throw error
        batch.marks[i] = this.#effects.payload.length
        this.#settleFailure(i, row, envelope, error)
        return true
      }
    }
    const firstTouch = row.batch !== batch.serial
    if (firstTouch) this.#cache.touch(row, batch.serial)
    if (row.gone) this.#rebear(row)

    const { payload } = this.#effects
    const effectsBefore = this.#effects.count
    const countBefore = batch.count
    const mustWaitBefore = this.#run.mustWait
    batch.marks[i] = payload.length
    this.#begin(i, row)
    try {
      const message = this.#message(i, envelope)
      const result = from?.kind === 'timer' && from.timer.kind === TimerKind.ttl ? this.#expireIdle(row, from.timer) : this.#run.handle(batch.routes[i]!, message)
      if (this.#run.missed) throw new RowMissing()
      const answer = from?.kind === 'request' && from.request.wantsAnswer ? this.#run.answer(result) : undefined
      if (row.guarded === batch.serial) this.#undo.look(row, this.#run.forgot)
      this.#applyWishes(row, envelope)
      if (from?.kind === 'request') this.#answer(envelope!, answer, row)
    } catch (error) {
      this.#effects.truncate(effectsBefore, batch.marks[i]!)
      batch.truncate(countBefore)
      this.#run.mustWait = mustWaitBefore
      this.#undo.entity(row, i, firstTouch)
      if (this.#run.missed) return false
      this.#settleFailure(i, row, envelope, error)
      return true
    }
    this.outcomes[i] = Outcome.ok
    if (this.tracing) this.#traceHandled(i, 'ok')
    return true
  }

  /** Outputs of a pipeline without state, and records that failed before they had a key. */
  #runWithoutRow(i: number): boolean {
    const batch = this.#batch
    const { payload } = this.#effects
    const effectsBefore = this.#effects.count
    batch.marks[i] = payload.length
    const route = batch.routes[i]!
    const shard = this.#homeOf(i)
    this.#run.begin(undefined, shard, '', this.#timeOf(i), 0)
    try {
      const value = batch.origins[i]! < 0 ? this.#message(i, batch.envelopeAt(i)) : batch.values[i]
      if (route === failedRecordRoute) throw value
      this.#run.toSink(-2 - route, value)
      this.outcomes[i] = Outcome.ok
    } catch (error) {
      this.#effects.truncate(effectsBefore, batch.marks[i]!)
      this.outcomes[i] = Outcome.failed
      this.#writeDeadLetter(i, undefined, error, shard)
    }
    if (this.tracing) this.#traceHandled(i, this.outcomes[i] === Outcome.ok ? 'ok' : 'dead-letter')
    return true
  }

  #begin(i: number, row: Row): void {
    const batch = this.#batch
    const envelope = batch.envelopeAt(i)
    const hops = envelope?.from.kind === 'local' ? envelope.from.hops : 0
    const id = this.#run.begin(row, row.shard, row.key, this.#timeOf(i), hops)
    this.#setId(i, id)
  }

  #setId(i: number, id: MessageId): void {
    const origin = this.#batch.origins[i]!
    if (origin < 0) {
      const { idHigh, idLow } = this.#batch.envelopes[~origin]!
      id.set(idHigh, idLow)
      return
    }
    const { records } = this.#batch
    id.ofRecord(records.seeds[origin]!, records.offsets[origin]!, this.#batch.indexes[i]!)
  }

  /** The id of message i, as text. */
  idOf(i: number): string {
    this.#setId(i, this.#id)
    return idText(this.#id.high, this.#id.low)
  }

  #timeOf(i: number): number {
    const origin = this.#batch.origins[i]!
    return origin < 0 ? this.#batch.envelopes[~origin]!.timeMs : this.#batch.records.timesMs[origin]!
  }

  #homeOf(i: number): number {
    const envelope = this.#batch.envelopeAt(i)
    if (envelope !== undefined) return envelope.shard
    const origin = this.#batch.origins[i]!
    return this.#homeShard(this.#batch.records.sources[origin]!, this.#batch.records.partitions[origin]!)
  }

  #message(i: number, envelope: Envelope | undefined): unknown {
    if (envelope !== undefined) return this.#codec.decode(envelope.bytes, envelope.start, envelope.end)
    if (!this.tracing) return this.#batch.values[i]
    // Where somebody watches, every message pays the wire's toll: what a handler gets is never what a step still holds.
    const bytes = this.#codec.encode(this.#batch.values[i]).slice()
    return this.#codec.decode(bytes, 0, bytes.length)
  }

  /** Runs message i once more, into whatever effects the run writes to. For undo: the values are made anew. */
  #callAgain(i: number): void {
    const batch = this.#batch
    const row = batch.rows[i]!
    if (row.gone) this.#rebear(row)
    this.#begin(i, row)
    const envelope = batch.envelopeAt(i)
    const message = envelope === undefined ? this.#valueAgain(i) : this.#message(i, envelope)
    const from = envelope?.from
    if (from?.kind === 'timer' && from.timer.kind === TimerKind.ttl) this.#expireIdle(row, from.timer)
    else this.#run.handle(batch.routes[i]!, message)
    if (this.#run.forgot) this.#forget(row)
  }

  /** The value of an emission, from the bytes of its record: a handler may have changed the object it was given. */
  #valueAgain(i: number): unknown {
    const { records } = this.#batch
    const slot = this.#batch.origins[i]!
    return reExpand(this.#plan, records.sources[slot]!, records.bytes(slot), this.#batch.indexes[i]!)
  }

  #applyWishes(row: Row, envelope: Envelope | undefined): void {
    const from = envelope?.from
    if (from?.kind === 'timer') this.#timers.remove(from.timer)
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
    if (this.#timers.find(row.table, row.key, ttlTimer) === undefined) this.#timers.set(this.#internalTimer(row, ttlTimer, TimerKind.ttl, row.seenMs + ttlMs))
  }

  #expireIdle(row: Row, timer: Timer): undefined {
    void timer
    if (row.seenMs + row.table.plan.ttlMs! <= this.#batch.nowMs) this.#run.forgetCurrent()
    return undefined
  }

  #internalTimer(row: Row, name: string, kind: TimerKind, atMs: number): Timer {
    return {
      table: row.table, shard: row.shard, key: row.key, name, atMs, kind, route: this.#plan.routes.findIndex((route) => route.entity === row.table.index),
      message: new Uint8Array(0), timeMs: this.#batch.nowMs, idHigh: 0, idLow: 0, attempts: 0, pending: true,
    }
  }

  #forget(row: Row): void {
    row.gone = true
    row.state = undefined
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

  #skip(i: number): true {
    this.outcomes[i] = Outcome.skipped
    this.#batch.marks[i] = this.#effects.payload.length
    return true
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
  }

  /** Whether a request with an id comes for the first time. If not, it gets the remembered answer. */
  #freshRequest(row: Row, envelope: Envelope, id: string): boolean {
    const memory = this.#cache.child(row, Field.answer, id)
    if (memory.status === Status.absent) {
      this.#cache.missing.push(memory)
      return false
    }
    if (memory.status === Status.encoded && memory.exists) enliven(memory, this.#codec)
    if (memory.status !== Status.live || memory.gone) return true
    this.answers.push({ envelope, answer: (memory.state as { answer?: Uint8Array }).answer, error: undefined })
    return false
  }

  #settleFailure(i: number, row: Row, envelope: Envelope | undefined, error: unknown): void {
    const policy = row.table.plan.onError
    const from = envelope?.from
    this.outcomes[i] = Outcome.failed
    this.#poison.set(this.idOf(i), error)
    const attempts = from?.kind === 'timer' && from.timer.kind === TimerKind.retry ? from.timer.attempts : 0
    const retry = attempts < policy.retries && from?.kind !== 'request'
    if (!retry && policy.then === 'stop') {
      const { message } = describeFailure(error)
      throw new MillraceError('MR_HANDLER_FAILED', `${this.#plan.routes[this.#batch.routes[i]!]!.name} failed for key "${row.key}": ${message}`, {
        next: 'The message was not handled and is handled again at the next start: correct the handler',
        cause: error,
      })
    }
    if (from?.kind === 'timer') this.#timers.remove(from.timer)
    if (from?.kind === 'request') this.answers.push({ envelope: envelope!, answer: undefined, error: error instanceof Error ? error : new Error(messageOf(error)) })
    else if (retry) this.#timers.set(this.#retryTimer(i, row, attempts + 1))
    else this.#writeDeadLetter(i, row, error, row.shard)
    if (this.tracing) this.#traceHandled(i, retry ? 'retry' : 'dead-letter')
  }

  #retryTimer(i: number, row: Row, attempts: number): Timer {
    const { idHigh, idLow, message } = this.#asBytes(i)
    return {
      table: row.table, shard: row.shard, key: row.key, name: `~retry/${idText(idHigh, idLow)}`, kind: TimerKind.retry,
      atMs: this.#batch.nowMs + row.table.plan.onError.delayMs, route: this.#batch.routes[i]!, message, timeMs: this.#timeOf(i), idHigh, idLow, attempts, pending: true,
    }
  }

  /** Message i as bytes of the codec, whatever it came as. */
  #asBytes(i: number): { idHigh: number; idLow: number; message: Uint8Array } {
    this.#setId(i, this.#id)
    const { high: idHigh, low: idLow } = this.#id
    const envelope = this.#batch.envelopeAt(i)
    const message = envelope === undefined ? this.#codec.encode(this.#valueAgain(i)).slice() : envelope.bytes.slice(envelope.start, envelope.end)
    return { idHigh, idLow, message }
  }

  #writeDeadLetter(i: number, row: Row | undefined, error: unknown, shard: number): void {
    const origin = this.#batch.origins[i]!
    const { records } = this.#batch
    const route = this.#batch.routes[i]!
    const { code, message, where } = describeFailure(error)
    const letter: DeadLetterData = { code, error: message, where, timeMs: this.#timeOf(i), atMs: this.#batch.nowMs, message: new Uint8Array(0), format: 'record' }
    if (origin >= 0) {
      letter.source = this.#plan.sources[records.sources[origin]!]!.name
      letter.partition = records.partitions[origin]!
      letter.position = String(records.offsets[origin]!)
    }
    if (row === undefined) letter.message = origin >= 0 ? records.bytes(origin) : this.#asBytes(i).message
    else {
      letter.entity = row.table.plan.name
      letter.key = row.key
      letter.route = this.#plan.routes[route]!.name
      letter.format = 'message'
      letter.message = this.#messageForLetter(i)
    }
    const sink = this.#plan.deadLetterSink
    if (sink !== undefined) {
      this.#run.begin(row, shard, letter.key ?? '', letter.timeMs, 0)
      this.#run.toSink(sink, letter)
      return
    }
    const { payload } = this.#effects
    payload.u8(EffectKind.deadLetter)
    const bytes = encodeDeadLetter(letter, this.#codec)
    const start = payload.length
    payload.raw(bytes)
    this.#effects.addDeadLetter(shard, start, payload.length)
  }

  #messageForLetter(i: number): Uint8Array {
    try {
      return this.#asBytes(i).message
    } catch {
      const origin = this.#batch.origins[i]!
      return origin >= 0 ? this.#batch.records.bytes(origin) : new Uint8Array(0)
    }
  }

  #startOver(): void {
    this.#effects.clear()
    this.#timers.revert()
    this.#undo.everything()
    this.#run.mustWait = this.#run.mustWaitAtStart
    this.answers.length = 0
    this.forgotten.length = 0
    this.outcomes.length = 0
    if (this.tracing) this.handled = []
    this.#batch.startOver((slot, index) => reExpand(this.#plan, this.#batch.records.sources[slot]!, this.#batch.records.bytes(slot), index))
  }

  #traceHandled(i: number, outcome: Handled['outcome']): void {
    const row = this.#batch.rows[i]
    const envelope = this.#batch.envelopeAt(i)
    let message: Uint8Array
    try {
      message = this.#asBytes(i).message
    } catch {
      message = new Uint8Array(0)
    }
    this.handled.push({
      id: this.idOf(i), origin: this.#originOf(i, envelope), shard: row?.shard ?? this.#homeOf(i), route: this.#batch.routes[i]!,
      key: row?.key ?? '', message, timeMs: this.#timeOf(i), outcome,
    })
  }

  #originOf(i: number, envelope: Envelope | undefined): Origin {
    if (envelope === undefined) {
      const slot = this.#batch.origins[i]!
      const { records } = this.#batch
      return { kind: 'record', source: records.sources[slot]!, partition: records.partitions[slot]!, offset: records.offsets[slot]!, index: this.#batch.indexes[i]! }
    }
    const { from } = envelope
    if (from.kind === 'record') return { kind: 'record', source: from.source, partition: from.partition, offset: from.offset, index: from.index }
    if (from.kind === 'timer') return { kind: 'timer', timer: from.timer.name, atMs: from.timer.atMs }
    if (from.kind === 'request') return { kind: 'request', request: from.request.id ?? '' }
    if (from.kind === 'deadLetter') return { kind: 'request', request: '' }
    return { kind: 'message', fromShard: from.shard }
  }
}

export interface ExecutorParts {
  readonly plan: Plan
  readonly codec: Codec
  readonly cache: RowCache
  readonly batch: Batch
  readonly effects: Effects
  readonly timers: TimerBook
  readonly run: HandlerRun
  homeShard(source: number, partition: string): number
}

export const ttlTimer = '~ttl'
