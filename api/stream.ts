import type { Unfound } from './any.ts'
import type { Handler } from './handler.ts'
import type { Some } from './output.ts'
import type { Sink } from './ends.ts'
import type { Offloaded } from './offload.ts'

/** Pure steps. They hold no state, and may be run anywhere and again. */
export interface Stream<T> {
  map<U extends Some>(step: (value: Readonly<T>) => U & Sync<U>): Stream<U>
  filter<U extends T>(keep: (value: T) => value is U): Stream<U>
  filter(keep: (value: Readonly<T>) => boolean): Stream<T>
  flatMap<U extends Some>(step: (value: Readonly<T>) => Iterable<U>): Stream<U>
  /**
   * CPU-heavy or async work, on other threads: see `offload`. Values come back in the order in which they went. It stands between a
   * source and the first `to`; behind an entity `pipeline` throws MR_OFFLOAD_INVALID.
   */
  mapOffload<U extends Some>(step: Offloaded<T, U>): Stream<U>
  merge<U>(other: Stream<U>): Stream<T | U>
  /** One stream per value of a tag: `branch('kind').refused`. */
  branch<K extends Tag<T>>(tag: K): Branches<T, K>
  /** The entity that this value is for. A message goes to exactly one key. */
  keyBy(key: (value: Readonly<T>) => string): Keyed<T>
  into(...sinks: Sink<T>[]): void
  /** Not yet: a stream has no keys. */
  to(missing: 'an entity needs a key: write .keyBy((value) => value.id) before .to(...)'): never
}

/** Values that know their key: the only things that state can be reached with. */
export interface Keyed<T> {
  /** To a handler of the entity with this key. What the handler returns for these messages flows on. */
  to<O = Unfound>(handler: Handler<T, O>): FlowsOn<O>
}

/** There is nothing to `map`, or to put `into` a sink. */
export interface HandlerReturnsNothing {
  readonly nothing: never
}
export type FlowsOn<O> = [O] extends [never] ? HandlerReturnsNothing : Stream<O>

type Tag<T> = [TagOf<T>] extends [never] ? 'no field of this value has a fixed set of words' : TagOf<T>
type TagOf<T> = {
  [K in keyof T]-?: string extends T[K] ? never : T[K] extends string ? K : never
}[keyof T] &
  string
type Branches<T, K extends string> = { readonly [V in Values<T, K>]: Stream<Branch<T, K, V>> }
type Branch<T, K extends string, V> = T extends { readonly [P in K]: V }
  ? T
  : T extends { readonly [P in K]: infer W }
    ? V extends W
      ? T & { readonly [P in K]: V }
      : never
    : never
type Values<T, K> = K extends keyof T ? T[K] & string : never
type Sync<U> =
  U extends PromiseLike<unknown>
    ? 'this step is async: write .mapOffload(step), where export const step = offload(import.meta.url, ...)'
    : unknown
