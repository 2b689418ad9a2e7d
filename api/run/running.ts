import type { IsAny, Unfound } from '../any.ts'
import type { AnyEntity } from '../entity.ts'
import type { Handler } from '../handler.ts'
import type { To } from '../place.ts'

/** A program that runs. */
export interface Running {
  /** Settles when it has stopped: by `stop`, by its signal, at the end of its sources (`once`), or by an error, which it rejects with. */
  readonly done: Promise<void>
  /** Reads no further, finishes what was read, and stops when all of it is committed and with the sinks. As `done`. */
  stop(): Promise<void>
  /** Resolves when the message has been handled and that is durable. With an `id`, sending it again has no effect. */
  send<M = Unfound>(to: To<M>, key: string, ...message: Asked<M>): Promise<void>
  /** Sends, and gives what the handler returned, once that is committed. With an `id`, asking again gives the same answer. */
  ask<M = Unfound, O = Unfound>(to: Handler<M, O>, key: string, ...message: Asked<M>): Promise<O | undefined>
  /** A committed state. Undefined: there is none. */
  get<S = Unfound>(entity: AnyEntity<S>, key: string): Promise<Readonly<S> | undefined>
  /** All states of one commit, in no particular order. */
  scan<S = Unfound>(entity: AnyEntity<S>): AsyncIterable<readonly [key: string, state: Readonly<S>]>
  stats(): RunStats
  /**
   * Goes on with another number of workers. Sources are read no further until what was read is committed and with the sinks; then the
   * shards are divided anew in one durable step, and sources are read on where they were. Requests that come meanwhile wait. A `scan`
   * that is under way fails with MR_STOPPED.
   *
   * Resolves when the new workers run. Rejects, and changes nothing, with a TypeError when `workers` is not a whole number from 1
   * to 64, with MR_PROGRAM_INVALID when this program cannot have so many (see `RunOptions.workers`), and with MR_STOPPED when it is
   * stopping. An error on the way ends the program: started again, it has the old number or the new one, and nothing is lost.
   */
  scale(workers: number): Promise<Scaled>
}

/** How the number of workers was changed. */
export interface Scaled {
  readonly before: number
  readonly workers: number
  /** How long nothing was read. */
  readonly pausedMs: number
}

/** What has happened since the start. */
export interface RunStats {
  /** Records that were read; after a worker has died some were read again. */
  readonly read: number
  /** Records that are durable, with all that they caused in their own commit. Each once; of what a worker had when it died some may be missing. */
  readonly committed: number
  /** Messages that were handled, those between entities included. */
  readonly handled: number
  /** Outputs that are in their sinks. */
  readonly written: number
  readonly deadLetters: number
  readonly commits: number
}

type Asked<M> =
  IsAny<M> extends true
    ? Unfound[]
    : [M] extends [void]
      ? [message?: undefined, options?: { id?: string }]
      : [message: NoInfer<M>, options?: { id?: string }]
