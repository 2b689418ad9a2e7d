import type { Executor } from './executor.ts'
import type { Envelope } from './message.ts'
import type { SourceLane } from './source-lanes.ts'
import type { WriteBack } from './write-back.ts'

export type GetDone = (error: Error | undefined, state?: Uint8Array) => void
/** `ok`: nothing of the dead letter failed again. */
export type RetryDone = (error: Error | undefined, ok?: boolean) => void

/** What a sealed commit will mean to this group and to whoever asked, once it is durable. */
export interface InFlight {
  readonly number: number
  /** Cells of the rows that it writes back. */
  readonly cells: readonly number[]
  readonly answers: Executor['answers']
  readonly retried: readonly { readonly ok: boolean; readonly done: RetryDone }[]
  readonly gets: readonly { readonly state?: Uint8Array; readonly error?: Error; readonly done: GetDone }[]
  readonly sources: readonly { readonly lane: SourceLane; readonly next: number; readonly planned: boolean }[]
}

/** The commit is durable: rows may go, positions count, and callers hear. */
export function land(flight: InFlight, writeBack: WriteBack): void {
  writeBack.written(flight.cells)
  for (const { lane, next, planned } of flight.sources) {
    lane.durableNext = next
    lane.planDurable ||= planned
  }
  for (const { envelope, answer, error } of flight.answers) {
    if (envelope.from.kind !== 'request') continue
    if (error === undefined) envelope.from.request.resolve(answer)
    else envelope.from.request.reject(error)
  }
  for (const { state, error, done } of flight.gets) done(error, state)
  for (const { ok, done } of flight.retried) done(undefined, ok)
}

/** Whoever waits for these is told that there will be no answer. */
export function refuse(envelopes: readonly (Envelope | undefined)[], error: Error): void {
  for (const envelope of envelopes) if (envelope?.from.kind === 'request') envelope.from.request.reject(error)
}
