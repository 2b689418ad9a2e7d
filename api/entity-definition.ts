import type { ErrorPolicy, HandlerFunction } from '../runtime/shard/plan.ts'

/** What stands behind `entity(...)`: hidden from users, read by `compile`. */
export interface EntityDefinition {
  readonly name: string
  readonly create: () => object
  readonly createActivity: (() => object) | undefined
  readonly upcasts: readonly ((old: unknown) => unknown)[]
  readonly ttlMs: number | undefined
  readonly onError: ErrorPolicy
  /** In the order of the text. */
  readonly handlers: readonly HandlerDefinition[]
}

export interface HandlerDefinition {
  readonly entity: EntityDefinition
  readonly name: string
  /** The function as the user wrote it. */
  readonly run: HandlerFunction
  /** What the user names it with (`Account.deposit`): the key of `Plan.routeOf`. */
  readonly place: unknown
}

const entityKey: unique symbol = Symbol('millrace.entity')
const handlerKey: unique symbol = Symbol('millrace.handler')
const calledKey: unique symbol = Symbol('millrace.called')

export function hideEntity(entity: object, definition: EntityDefinition): void {
  Object.defineProperty(entity, entityKey, { value: definition })
}

export function hideHandler(place: object, definition: HandlerDefinition): void {
  Object.defineProperty(place, handlerKey, { value: definition })
}

/** The definition behind an entity. Undefined: it is something else. */
export function entityOf(value: unknown): EntityDefinition | undefined {
  return (value as { [entityKey]?: EntityDefinition } | null | undefined)?.[entityKey]
}

/** The definition behind a handler. Undefined: it is something else. */
export function handlerOf(value: unknown): HandlerDefinition | undefined {
  return (value as { [handlerKey]?: HandlerDefinition } | null | undefined)?.[handlerKey]
}

/** A context that is told whose handler it is given to, when a handler is called as a plain function. */
export function hideCalled(context: object, called: (entity: EntityDefinition) => void): void {
  Object.defineProperty(context, calledKey, { value: called })
}

export function tellCalled(context: object | undefined, entity: EntityDefinition): void {
  ;(context as { [calledKey]?: (entity: EntityDefinition) => void } | undefined)?.[calledKey]?.(entity)
}
