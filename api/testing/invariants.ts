import type { CommittedView, Invariant } from '../../runtime/sim/committed-view.ts'
import { entityOf, handlerOf } from '../entity-definition.ts'
import type { AnyEntity } from '../entity.ts'
import type { To } from '../handler.ts'

/** What was committed up to a moment of a simulated run. */
export interface Committed {
  /** All states of an entity type, by key. */
  states<S>(entity: AnyEntity<S>): ReadonlyMap<string, Readonly<S>>
  /** A quantity, added up over all entities of a type. */
  sum<S>(entity: AnyEntity<S>, of: (state: Readonly<S>, key: string) => number): number
  /** Messages that entities have sent to a handler and that were not handled yet. */
  underWay<M>(to: To<M>): { key: string; message: M }[]
}

/** By name: whether it holds. */
export type Invariants = Readonly<Record<string, (now: Committed) => boolean>>

export function invariantsOf(always: Invariants): Invariant[] {
  return Object.entries(always).map(([name, holds]) => ({
    name,
    check: (view) => (holds(new View(view) as unknown as Committed) ? undefined : 'it is false'),
  }))
}

class View {
  readonly #view: CommittedView

  constructor(view: CommittedView) {
    this.#view = view
  }

  states(entity: unknown): Map<string, unknown> {
    const name = entityOf(entity)?.name
    if (name === undefined) throw new TypeError('this is no entity: name one, such as Account')
    return new Map(this.#view.entities(name))
  }

  sum(entity: unknown, of: (state: unknown, key: string) => number): number {
    let sum = 0
    for (const [key, state] of this.states(entity)) sum += of(state, key)
    return sum
  }

  underWay(to: unknown): { key: string; message: unknown }[] {
    const handler = handlerOf(to)
    if (handler === undefined) throw new TypeError('this is no handler: name one, such as Account.deposit')
    const place = `${handler.entity.name}.${handler.name}`
    return [...this.#view.underWay()]
      .filter(({ route }) => route === place)
      .map(({ key, message }) => ({ key, message }))
  }
}
