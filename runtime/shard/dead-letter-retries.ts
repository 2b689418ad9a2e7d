import { MillraceError } from '../base/errors.ts'
import type { Batch } from './batch.ts'
import type { Codec } from './codec.ts'
import { decodeDeadLetter } from './dead-letter.ts'
import { Outcome } from './executor.ts'
import type { InFlight, RetryDone } from './in-flight.ts'
import type { Intake } from './intake.ts'
import type { Envelope, From } from './message.ts'
import type { Plan } from './plan.ts'
import type { RecordSlices } from './records.ts'

export interface RetryHost {
  readonly plan: Plan
  readonly codec: Codec
  readonly batch: Batch
  readonly intake: Intake
  stageMessage(envelope: Envelope): void
}

/** What tells the messages of a dead letter that is tried again: where they come from, or the place of its record in the batch. */
type Retried = From | number

/** Dead letters that are tried again in the batch. Each leaves the store in the same commit, also when it fails again (as a new one). */
export class DeadLetterRetries {
  readonly #host: RetryHost
  readonly #removals: { readonly shard: number; readonly key: Uint8Array }[]
  #retried: { readonly of: Retried; readonly done: RetryDone }[] = []

  constructor(host: RetryHost, removals: { readonly shard: number; readonly key: Uint8Array }[]) {
    this.#host = host
    this.#removals = removals
  }

  /** Throws MR_PROGRAM_CHANGED; MR_UNKNOWN_HANDLER when its record has something for shards of other groups. */
  stage(rowKey: Uint8Array, bytes: Uint8Array, id: readonly [high: number, low: number], done: RetryDone): void {
    const { plan, codec, batch } = this.#host
    const letter = decodeDeadLetter(bytes, codec)
    const shard = rowKey[1]! * 256 + rowKey[2]!
    const { message, timeMs } = letter
    let of: Retried
    if (letter.format === 'record') {
      const source = plan.sources.findIndex(({ name }) => name === letter.source)
      if (source < 0) throw gone(`source "${letter.source}"`)
      const partition = letter.partition ?? ''
      of = batch.records.count
      const place = { starts: [0], ends: [message.length], offsets: [Number(letter.position ?? 0)] }
      this.#stageRecord(source, partition, { buffer: message, ...place, timesMs: [timeMs] })
    } else {
      const route = plan.routes.findIndex(({ name }) => name === letter.route)
      if (route < 0) throw gone(`"${letter.route}"`)
      of = { kind: 'deadLetter' }
      const [idHigh, idLow] = id
      this.#host.stageMessage({
        route,
        key: letter.key!,
        shard,
        bytes: message,
        start: 0,
        end: message.length,
        timeMs,
        idHigh,
        idLow,
        from: of,
      })
    }
    this.#removals.push({ shard, key: rowKey })
    this.#retried.push({ of, done })
  }

  /** All of a record's messages, or none of them: its reader has gone on, and nobody would send again what is for other groups. */
  #stageRecord(source: number, partition: string, slices: RecordSlices): void {
    const { batch, intake } = this.#host
    const before = batch.count
    let isHere = true
    const leave = (): void => void (isHere = false)
    intake.begin(source, partition, slices, { emit: leave, forward: leave, abort: () => (isHere = true) })
    intake.record(0, true)
    if (isHere) return
    batch.truncate(before)
    throw new MillraceError('MR_UNKNOWN_HANDLER', 'what the record leads to belongs to another worker', {
      next: 'Retry it on one worker, as `millrace dead-letters retry` does',
    })
  }

  /** How they fared: well, unless a message of theirs failed. */
  settle(outcomes: readonly number[]): InFlight['retried'] {
    if (this.#retried.length === 0) return []
    const { batch } = this.#host
    const failed = new Set<unknown>()
    for (let i = 0; i < batch.count; i++) {
      if (outcomes[i] === Outcome.failed) failed.add(batch.envelopeAt(i)?.from ?? batch.origins[i])
    }
    return this.#retried.splice(0).map(({ of, done }) => ({ ok: !failed.has(of), done }))
  }
}

function gone(what: string): MillraceError {
  return new MillraceError('MR_PROGRAM_CHANGED', `the dead letter is for ${what}, which this program does not have`, {
    next: 'Retry it with the program that it came from, or leave it where it is',
  })
}
