import type { Codec } from '../shard/codec.ts'
import type { Plan } from '../shard/plan.ts'
import type { LaneCheck } from './check-lanes.ts'
import { type PlainRun, retryTimer } from './plain-run.ts'

/** What was committed, for a user's invariants. */
export interface CommittedView {
  /** Every entity of this name, with its state as of the commit. */
  entities(name: string): Iterable<readonly [key: string, state: object]>
  /** Messages that entities have sent and that were not handled yet. `route` is `entity.handler`. */
  underWay(): Iterable<{ readonly route: string; readonly key: string; readonly message: unknown }>
}

export interface Invariant {
  readonly name: string
  /** Looks at a state that was committed; returns what is wrong with it. */
  check(view: CommittedView): string | undefined
}

/** What the plain handlers have left up to now. Every look decodes anew, so nobody can change it. */
export function committedView(plan: Plan, codec: Codec, run: PlainRun, lanes: LaneCheck): CommittedView {
  const decoded = (bytes: Uint8Array): unknown => codec.decode(bytes, 0, bytes.length)
  return {
    *entities(name) {
      for (const { key, state } of run.entitiesOf(name)) if (state !== undefined) yield [key, decoded(state) as object]
    },
    *underWay() {
      for (const { route, key, bytes } of lanes.underWay()) {
        yield { route: placeOf(plan, route), key, message: decoded(bytes) }
      }
      for (const { key, timers } of run.all()) {
        for (const { name, route, bytes } of timers.values()) {
          if (name.startsWith(retryTimer)) yield { route: placeOf(plan, route), key, message: decoded(bytes) }
        }
      }
    },
  }
}

/** `entity.handler` of a route. */
function placeOf(plan: Plan, route: string): string {
  const found = plan.routes.find(({ name }) => name === route)
  return found === undefined ? route : `${plan.entities[found.entity]!.name}.${found.handler}`
}
