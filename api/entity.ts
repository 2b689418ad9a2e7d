import type { ErrorPolicy, HandlerFunction } from '../runtime/shard/plan.ts'
import type { AnyFunction, Unannotated, Unfound } from './any.ts'
import type { Context } from './context.ts'
import type { CheckHandlers, CheckState, CheckUpcasts } from './data-check.ts'
import type { EntityDefinition, HandlerDefinition } from './entity-definition.ts'
import { hideEntity, hideHandler, tellCalled } from './entity-definition.ts'
import type { Handler } from './handler.ts'
import { checkHandlerName, checkName, invalid } from './invalid.ts'
import type { AnyOutput, OutputOf } from './output.ts'
import type { holds } from './phantom.ts'

type AnyHandlers<S, A> = Record<string, (state: S, message: Unannotated, ctx: Context<A>) => AnyOutput>

type MessageIn<F> = F extends (state: never) => unknown
  ? void
  : F extends (state: never, message: infer M, ...rest: never[]) => unknown
    ? M
    : never

/** What `entity()` gives: its handlers, and nothing else to see. Its name is here for the messages of the type checker. */
export type Entity<_Name extends string, S, H> = AnyEntity<S> & {
  readonly [K in keyof H]: H[K] extends AnyFunction<infer R> ? Handler<MessageIn<H[K]>, OutputOf<R>, S, R> : never
}
/** Of a definition that has an error nothing is known: so that one mistake is one error, not one in every file. */
type Defined<N extends string, S, H> = string extends keyof H ? Unfound : Entity<N, S, H>

export interface AnyEntity<out S = unknown> {
  readonly [holds]: S
}

export type StateOf<E extends AnyEntity> = E[typeof holds]

export interface EntityOptions {
  /** Forget an entity that no message has reached for so long. */
  ttlMs?: number
  /** What becomes of a message whose handler throws. Default 'dead-letter'. A retry waits for `delayMs` (default one second). */
  onError?: 'dead-letter' | 'stop' | { retry: number; delayMs?: number; then: 'dead-letter' | 'stop' }
}

/**
 * A kind of state object: there is one per key, wherever it lives. The name is its name on disk and on the wire: it outlives
 * the source text.
 */
export function entity<
  const N extends string,
  S extends object,
  H extends AnyHandlers<S, A>,
  A = unknown,
  const U extends readonly ((old: Unannotated) => unknown)[] = [],
>(
  name: N,
  definition: EntityOptions & {
    /** The state of a key that was never seen. Annotate it (`(): Cart => ...`) when it starts with empty lists. */
    state: () => S
    /** What is remembered about each partner: see `ctx.activity`. */
    activity?: () => A
    /** Older shapes of the state, oldest first: from version 1 to 2, 2 to 3, ... The version is their number plus one. */
    upcasts?: U
    /** Handlers: `name(state, message: Type, ctx)`. Change the state in place; what you return flows on. */
    on: H
  } & CheckState<S> &
    CheckHandlers<H> &
    CheckUpcasts<U, S>,
): Defined<N, S, H> {
  return define(name, definition as unknown as Written) as Defined<N, S, H>
}

/** The same definition without its types. */
interface Written extends EntityOptions {
  state: () => object
  activity?: () => object
  upcasts?: readonly ((old: unknown) => unknown)[]
  on: Record<string, HandlerFunction>
}

function define(name: string, written: Written): object {
  checkName('an entity', name)
  const shown = JSON.stringify(name)
  if (typeof written.state !== 'function') throw invalid(`entity ${shown} has no state`, 'Write state: () => ({ ... })')
  if (typeof written.on !== 'object' || written.on === null)
    throw invalid(`entity ${shown} has no handlers`, 'Write on: { name(state, message) { ... } }')
  if (written.ttlMs !== undefined && !(written.ttlMs > 0))
    throw invalid(`entity ${shown} has a ttlMs of ${written.ttlMs}`, 'Give a time in ms, such as 10 * minutes')
  const handlers: HandlerDefinition[] = []
  const definition: EntityDefinition = {
    name,
    create: written.state,
    createActivity: written.activity,
    upcasts: [...(written.upcasts ?? [])],
    ttlMs: written.ttlMs,
    onError: errorPolicy(shown, written.onError),
    handlers,
  }
  const entity: Record<string, unknown> = Object.create(null)
  hideEntity(entity, definition)
  for (const [handlerName, run] of Object.entries(written.on)) {
    checkHandlerName(name, handlerName)
    if (typeof run !== 'function')
      throw invalid(`handler ${name}.${handlerName} is not a function`, 'Write it as name(state, message) { ... }')
    entity[handlerName] = place(definition, handlers, handlerName, run)
  }
  return Object.freeze(entity)
}

/** A function of its own for every handler, so that one function may serve as two of them. */
function place(
  entity: EntityDefinition,
  handlers: HandlerDefinition[],
  name: string,
  run: HandlerFunction,
): HandlerFunction {
  const place: HandlerFunction = (state, message, ctx) => {
    tellCalled(ctx, entity)
    return run(state, message, ctx)
  }
  Object.defineProperty(place, 'name', { value: `${entity.name}.${name}` })
  const definition: HandlerDefinition = { entity, name, run, place }
  hideHandler(place, definition)
  handlers.push(definition)
  return place
}

function errorPolicy(shown: string, written: EntityOptions['onError']): ErrorPolicy {
  if (written === undefined || written === 'dead-letter' || written === 'stop') {
    return { retries: 0, delayMs: 0, then: written ?? 'dead-letter' }
  }
  const { retry, delayMs = 1_000, then } = written
  const sound = Number.isSafeInteger(retry) && retry >= 0 && delayMs >= 0 && (then === 'dead-letter' || then === 'stop')
  if (!sound)
    throw invalid(
      `entity ${shown} has an onError that cannot be followed`,
      "Write onError: { retry: 3, delayMs: 1_000, then: 'dead-letter' }",
    )
  return { retries: retry, delayMs, then }
}
