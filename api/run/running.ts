/* oxlint-disable typescript/no-explicit-any -- the inference of public types needs it */
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
  send<M = any>(to: To<M>, key: string, ...message: Asked<M>): Promise<void>
  /** Sends, and gives what the handler returned, once that is committed. With an `id`, asking again gives the same answer. */
  ask<M = any, O = any>(to: Handler<M, O>, key: string, ...message: Asked<M>): Promise<O | undefined>
  /** A committed state. Undefined: there is none. */
  get<S = any>(entity: AnyEntity<S>, key: string): Promise<Readonly<S> | undefined>
  /** All states of one commit, in no particular order. */
  scan<S = any>(entity: AnyEntity<S>): AsyncIterable<readonly [key: string, state: Readonly<S>]>
  stats(): RunStats
}

/** What has happened since the start. */
export interface RunStats {
  /** Records that were read. */
  readonly read: number
  /** Records that are durable, with all that they caused in their own commit. */
  readonly committed: number
  /** Messages that were handled, those between entities included. */
  readonly handled: number
  /** Outputs that are in their sinks. */
  readonly written: number
  readonly deadLetters: number
  readonly commits: number
}

type Asked<M> = 0 extends 1 & M
  ? any[]
  : [M] extends [void]
    ? [message?: undefined, options?: { id?: string }]
    : [message: NoInfer<M>, options?: { id?: string }]
