import type { accepts, answers, gives } from './phantom.ts'

/** A place to send an `M` to. Every handler of an entity is one: `Account.deposit`. */
export interface To<in M> {
  readonly [accepts]: (message: M) => void
}

/** Where values come from: a source, or a handler. */
export interface Gives<out O> {
  readonly [gives]: O
}

/** One handler of one entity, as data: put it into a message as `replyTo`, or keep it in state. */
export interface Address<in M> {
  readonly [answers]?: ((message: M) => void) | undefined
  readonly entity: string
  readonly handler: string
  readonly key: string
}
