import { MillraceError, messageOf } from '../base/errors.ts'
import type { BatchView } from './batch-view.ts'
import { type DeadLetterData, describeFailure, encodeDeadLetter } from './dead-letter.ts'
import { EffectKind } from './effects.ts'
import type { ExecutorParts } from './executor-parts.ts'
import { type Envelope, idText } from './message.ts'
import { MessageId } from './message-id.ts'
import { Places } from './places.ts'
import type { Row } from './row.ts'
import { type Timer, TimerKind } from './timers.ts'

/** What becomes of a message that failed: a dead letter, a retry later, an error to whoever asked, or a stop of the worker. */
export class Failures {
  readonly #parts: ExecutorParts
  readonly #view: BatchView
  readonly #id = new MessageId()
  readonly #places = new Places()

  constructor(parts: ExecutorParts) {
    this.#parts = parts
    this.#view = parts.view
  }

  /** Settles message i of `row`. Returns how. Throws MR_HANDLER_FAILED where the entity's policy is to stop. */
  settle(i: number, row: Row, envelope: Envelope | undefined, error: unknown): 'answer' | 'retry' | 'dead-letter' {
    const { plan, batch, timers } = this.#parts
    const policy = row.table.plan.onError
    const from = envelope?.from
    const attempts = from?.kind === 'timer' && from.timer.kind === TimerKind.retry ? from.timer.attempts : 0
    const retry = attempts < policy.retries && from?.kind !== 'request'
    if (!retry && policy.then === 'stop') {
      const { message } = describeFailure(error)
      throw new MillraceError(
        'MR_HANDLER_FAILED',
        `${plan.routes[batch.routes[i]!]!.name} failed for key "${row.key}": ${message}`,
        {
          next: 'The message was not handled and is handled again at the next start: correct the handler',
          cause: error,
        },
      )
    }
    if (from?.kind === 'timer') timers.remove(from.timer)
    if (from?.kind === 'request') return 'answer'
    if (retry) {
      timers.set(this.#retryTimer(i, row, attempts + 1))
      return 'retry'
    }
    this.deadLetter(i, row, error, row.shard)
    return 'dead-letter'
  }

  /** Writes a dead letter for message i: to the sink that is bound to dead letters, or to the store. */
  deadLetter(i: number, row: Row | undefined, error: unknown, shard: number): void {
    const { plan, run, effects, codec } = this.#parts
    const letter = this.#letter(i, row, error)
    if (plan.deadLetterSink !== undefined) {
      run.begin(i, row, shard, letter.key ?? '', 0)
      run.toSink(plan.deadLetterSink, letter)
      return
    }
    const { payload } = effects
    payload.u8(EffectKind.deadLetter)
    const bytes = encodeDeadLetter(letter, codec)
    const start = payload.length
    payload.raw(bytes)
    effects.addDeadLetter(shard, start, payload.length)
  }

  #letter(i: number, row: Row | undefined, error: unknown): DeadLetterData {
    const { plan, batch } = this.#parts
    const origin = batch.origins[i]!
    const { records } = batch
    const { code, message, where } = describeFailure(error, (thrown, said) =>
      this.#places.of(thrown, said, batch.routes[i]!, batch.nowMs),
    )
    const letter: DeadLetterData = {
      code,
      error: message,
      where,
      timeMs: this.#view.timeOf(i),
      atMs: batch.nowMs,
      message: new Uint8Array(0),
      format: 'record',
    }
    const from = batch.envelopeAt(i)?.from
    if (origin >= 0) {
      const { source, name } = records.runOf(origin).partition
      letter.source = plan.sources[source]!.name
      letter.partition = name
      letter.position = String(records.offset(origin))
    } else if (from?.kind === 'record') {
      letter.source = plan.sources[from.source]!.name
      letter.partition = from.partition
      letter.position = String(from.offset)
    }
    if (row === undefined) {
      letter.message = origin >= 0 ? records.bytes(origin) : recordOf(error, this.#view.asBytes(i))
      return letter
    }
    letter.entity = row.table.plan.name
    letter.key = row.key
    letter.route = plan.routes[batch.routes[i]!]!.name
    letter.format = 'message'
    letter.message = this.#messageBytes(i)
    return letter
  }

  #messageBytes(i: number): Uint8Array {
    try {
      return this.#view.asBytes(i)
    } catch {
      const origin = this.#parts.batch.origins[i]!
      return origin >= 0 ? this.#parts.batch.records.bytes(origin) : new Uint8Array(0)
    }
  }

  #retryTimer(i: number, row: Row, attempts: number): Timer {
    const { batch } = this.#parts
    this.#view.setId(i, this.#id)
    const { high: idHigh, low: idLow } = this.#id
    return {
      table: row.table,
      shard: row.shard,
      key: row.key,
      name: `~retry/${idText(idHigh, idLow)}`,
      kind: TimerKind.retry,
      atMs: batch.nowMs + row.table.plan.onError.delayMs,
      route: batch.routes[i]!,
      message: this.#messageBytes(i),
      timeMs: this.#view.timeOf(i),
      idHigh,
      idLow,
      attempts,
      pending: true,
    }
  }
}

/** The record behind a failure that a reader of another group has sent. */
function recordOf(error: unknown, otherwise: Uint8Array): Uint8Array {
  return (error as { record?: Uint8Array }).record ?? otherwise
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error))
}
