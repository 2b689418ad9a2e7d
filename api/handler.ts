import type { Context } from './context.ts'
import type { gives } from './phantom.ts'
import type { Gives, To } from './place.ts'

export type { Address, Gives, To } from './place.ts'

/**
 * A handler seen from outside: takes an `M`, gives `O`s. It is still the function you wrote, to be called in a unit test:
 * `Account.deposit({ balance: 0 }, { amount: 5 })`, with `context()` from 'millrace/testing' where it wants a `ctx`.
 */
export interface Handler<in M, out O, in S = never, out R = unknown> extends To<M>, Gives<O> {
  (state: S, message: M, ctx?: Context<unknown>): R
}

/** The message type of a handler, and what it gives. For naming only; inside a circle of entities name types instead. */
export type MessageOf<T extends To<never>> = T extends To<infer M> ? M : never
export type OutputFrom<T extends Gives<unknown>> = T[typeof gives]
