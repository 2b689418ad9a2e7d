import { Several } from '../runtime/shard/plan.ts'
import type { several } from './phantom.ts'

/** Any data may be returned; naming the usual tags keeps `{ kind: 'refused' }` from widening to `{ kind: string }`. */
type Word = '' | (string & {})
interface Tags {
  readonly kind?: Word
  readonly type?: Word
  readonly status?: Word
  readonly ok?: true | false
}

/** Whatever a handler may return. */
export type AnyOutput = void | undefined | null | string | number | boolean | bigint | object | Tags
/** A value that flows: there is one. */
export type Some = {} | Tags

export interface Many<out T> {
  readonly [several]: T
}

/** Several outputs from one message: `return many(list)`. */
export function many<T extends Some>(values: Iterable<T>): Many<T> {
  return new Several(values) as unknown as Many<T>
}

/** What flows on from a handler that returns an `R`. */
export type OutputOf<R> = R extends void | undefined | null ? never : R extends Many<infer T> ? T : R
