import type { IsAny, Unfound } from './any.ts'
import type { Address, To } from './place.ts'
import type { staged } from './phantom.ts'

/** What a handler is handed, besides its state and its message. There is no way to read or await another entity. */
export interface Context<A = Unfound> {
  /** The key of this entity. */
  readonly key: string
  /** Clock time in ms, the same again when the message is handled again. */
  readonly now: number
  /** Event time of the message in ms. */
  readonly time: number
  /** In [0, 1), the same again when the message is handled again. */
  random(): number
  /** Leaves with this handler's changes or not at all; takes effect once. */
  send<M = Unfound>(to: To<M>, key: string, ...message: Message<M>): Staged
  /** Answers an address that came in a message. */
  reply<M = Unfound>(to: Address<M>, ...message: Message<M>): Staged
  /** A message to myself (a handler of mine, my key), later. One is pending per handler: setting it again moves it. `id` for more than one. */
  after<M = Unfound>(delayMs: number, to: To<M>, ...message: Timed<M>): Staged
  at<M = Unfound>(clockMs: number, to: To<M>, ...message: Timed<M>): Staged
  cancel(to: To<never>, id?: string): Staged
  /** My own address, or anybody's, to hand out. */
  address<M>(to: To<M>, key?: string): Address<M>
  /** What I remember about one partner. Loaded and stored on its own, however many partners there are. */
  activity(partner: Partner<A>): A
  /** Forget me: state, activities and timers. A later message finds a new state. */
  forget(): void
  /** A line in the trace of this message. */
  trace(note: string, data?: unknown): void
}

type Partner<A> =
  IsAny<A> extends true
    ? string
    : unknown extends A
      ? 'declare `activity: () => ({ ... })` in this entity first'
      : string

/** What `ctx` does is staged and leaves with the commit. It is a statement: there is nothing to return, keep or await. */
export interface Staged {
  readonly [staged]: never
}

/** The arguments that carry a message: none, where the handler takes none. */
type Message<M> = IsAny<M> extends true ? Unfound[] : [M] extends [void] ? [] : [message: NoInfer<M>]
type Timed<M> =
  IsAny<M> extends true
    ? Unfound[]
    : [M] extends [void]
      ? [message?: undefined, options?: { id: string }]
      : [message: NoInfer<M>, options?: { id: string }]
