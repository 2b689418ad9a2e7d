/* oxlint-disable typescript/no-explicit-any -- the inference of public types needs it */
import type { Context } from './context.ts'
import type { accepts, answers, gives } from './phantom.ts'

/** A place to send an `M` to. Every handler of an entity is one: `Account.deposit`. */
export interface To<in M> {
  readonly [accepts]: (message: M) => void
}

/** Where values come from: a source, or a handler. */
export interface Gives<out O> {
  readonly [gives]: O
}

/**
 * A handler seen from outside: takes an `M`, gives `O`s. It is still the function you wrote, to be called in a unit test:
 * `Account.deposit({ balance: 0 }, { amount: 5 })`, with `context()` from 'millrace/testing' where it wants a `ctx`.
 */
export interface Handler<in M, out O, in S = never, out R = unknown> extends To<M>, Gives<O> {
  (state: S, message: M, ctx?: Context<any>): R
}

/** One handler of one entity, as data: put it into a message as `replyTo`, or keep it in state. */
export interface Address<in M> {
  readonly [answers]?: ((message: M) => void) | undefined
  readonly entity: string
  readonly handler: string
  readonly key: string
}

/** The message type of a handler, and what it gives. For naming only; inside a circle of entities name types instead. */
export type MessageOf<T extends To<never>> = T extends To<infer M> ? M : never
export type OutputFrom<T extends Gives<unknown>> = T[typeof gives]
