/* oxlint-disable typescript/no-explicit-any -- the one file of the public types that says it; why stands with each name */

/**
 * What a type parameter becomes when nothing was found for it, because what was given is wrong. `unknown` would be a second error in
 * each line that goes on with it; so one mistake is one error.
 */
export type Unfound = any

/**
 * What a parameter is until its author annotates it. `unknown` would refuse every annotation, and with `never` the body of a handler
 * without one would be full of errors.
 */
export type Unannotated = any

/** Yes for `Unfound` and `Unannotated` alone. */
export type IsAny<T> = 0 extends 1 & T ? true : false

/** Every function, whatever it takes: parameters are compared the other way round, and everything takes `never`. */
export type AnyFunction<R = unknown> = (...args: never[]) => R
