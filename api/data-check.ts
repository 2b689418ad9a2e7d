import type { AnyFunction, IsAny } from './any.ts'
import type { Staged } from './context.ts'
import type { OutputOf } from './output.ts'
import type { answers } from './phantom.ts'

/**
 * What may be kept and sent: data. Each check results in `unknown` (nothing to say), or in a property whose type is a sentence
 * about the first path that is not data: so the error stands at the line to change, once.
 */
type Atom = string | number | boolean | bigint | null | undefined | void | Date | ArrayBuffer | ArrayBufferView
type AddressLike = {
  readonly [answers]?: unknown
  readonly entity: string
  readonly handler: string
  readonly key: string
}

// biome-ignore format: one case a line
type Flaw<T, P extends string> =
  IsAny<T> extends true ? never
  : [T] extends [never] ? never
  : T extends Atom ? never
  : T extends AddressLike ? never
  : T extends AnyFunction ? `${P} is a function, and only data can be kept`
  : T extends symbol ? `${P} is a symbol, and only data can be kept`
  : T extends PromiseLike<unknown> ? `${P} is a Promise, and only data can be kept`
  : T extends Staged ? `${P} is ctx.send(...): write it as a statement of its own, and return after it`
  : T extends ReadonlyMap<infer K, infer V> ? Flaw<K, `a key of ${P}`> | Flaw<V, `a value of ${P}`>
  : T extends ReadonlySet<infer V> ? Flaw<V, `a member of ${P}`>
  : T extends readonly (infer V)[] ? [V] extends [never] ? `${P} is an empty list of nothing: write [] as Item[]` : Flaw<V, `${P}[]`>
  : T extends WeakMap<WeakKey, unknown> | WeakSet<WeakKey> | WeakRef<WeakKey> ? `${P} is weak, and only data can be kept`
  : T extends object ? { [K in keyof T & string]-?: Flaw<T[K], `${P}.${K}`> }[keyof T & string]
  : never

export type CheckState<S> = [Flaw<S, 'state'>] extends [never] ? unknown : { state: Flaw<S, 'state'> }

// biome-ignore format: one case a line
type HandlerFlaw<F, K extends string> =
  F extends AnyFunction<infer R>
    ? IsAny<R> extends true ? `the output of ${K} is any: do not return ctx.send(...); where it depends on an entity, annotate it: ${K}(state, message, ctx): Type`
    : R extends PromiseLike<unknown> ? `${K} is async: a handler is synchronous. Slow work goes before keyBy (mapOffload), or comes back as a message`
    : R extends Generator ? `${K} is a generator: return many([...]) instead`
    : Flaw<OutputOf<R>, `what ${K} returns`> | (Parameters<F> extends [unknown, infer M, ...unknown[]] ? Flaw<M, `the message of ${K}`> : never)
    : never

// biome-ignore format: one case a line
export type CheckHandlers<H> =
  { [K in keyof H & string]: HandlerFlaw<H[K], K> }[keyof H & string] extends never ? unknown
  : { on: { [K in keyof H & string as [HandlerFlaw<H[K], K>] extends [never] ? never : K]: HandlerFlaw<H[K], K> } }

/** Of what an offloaded step returns: a sentence that no function is. */
export type CheckMade<U> = [Flaw<U, 'what the step returns'>] extends [never]
  ? unknown
  : Flaw<U, 'what the step returns'>

// biome-ignore format: one case a line
export type CheckUpcasts<U, S> =
  U extends readonly [(old: never) => infer R] ? R extends S ? unknown : { upcasts: 'the last upcast must return the state of today' }
  : U extends readonly [(old: never) => infer R, ...infer Rest extends [(old: never) => unknown, ...unknown[]]]
    ? R extends Parameters<Rest[0]>[0] ? CheckUpcasts<Rest, S> : { upcasts: 'an upcast must return what the next one takes' }
  : unknown
