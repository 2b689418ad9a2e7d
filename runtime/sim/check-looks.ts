import type { Codec } from '../shard/codec.ts'
import type { EntityPlan } from '../shard/plan.ts'
import { shown } from './check-outputs.ts'
import type { Commit } from './history.ts'
import type { JournalEvent } from './journal.ts'
import type { PlainEntity } from './plain-entity.ts'
import { type Problems, sameBytes } from './problems.ts'

interface Look {
  readonly entity: string
  readonly key: string
  readonly askedAt: number
  readonly answeredAt: number
  readonly state: Uint8Array | undefined
}

/** Queries from outside: each shows a state that was durable when it was shown, and not older than when it was asked for. */
export class LookCheck {
  readonly #looks: Look[] = []
  readonly #problems: Problems
  readonly #codec: Codec
  /** States of the entities that were looked at, with the moment from which they were durable. */
  readonly #states = new Map<string, { readonly from: number; readonly state: Uint8Array | undefined }[]>()

  constructor(journal: readonly JournalEvent[], options: { codec: Codec; problems: Problems }) {
    this.#problems = options.problems
    this.#codec = options.codec
    const asked = new Map<number, { entity: string; key: string; askedAt: number }>()
    const forgotAt = journal.findLastIndex(({ kind }) => kind === 'forgot')
    journal.forEach((event, at) => {
      if (event.kind === 'looked') asked.set(event.look, { entity: event.entity, key: event.key, askedAt: at })
      if (event.kind !== 'saw' || at < forgotAt) return
      const { entity, key, askedAt } = asked.get(event.look)!
      this.#looks.push({ entity, key, askedAt, answeredAt: at, state: event.state })
      this.#states.set(`${entity}/${key}`, [{ from: -1, state: undefined }])
    })
  }

  /** An entity is now as `commit` leaves it. */
  committed(entity: PlainEntity, commit: Commit): void {
    this.#states.get(`${entity.name}/${entity.key}`)?.push({ from: commit.durableAt, state: entity.state })
  }

  finish(entityPlan: (name: string) => EntityPlan | undefined): void {
    for (const look of this.#looks) {
      const plan = entityPlan(look.entity)
      const blank = plan === undefined ? undefined : this.#codec.encode(plan.create()).slice()
      const states = this.#states.get(`${look.entity}/${look.key}`)!
      const first = states.findLastIndex(({ from }) => from < look.askedAt)
      const allowed = states.slice(first).filter(({ from }) => from < look.answeredAt)
      if (allowed.some(({ state }) => sameBytes(state ?? blank, look.state ?? blank))) continue
      const other = states.find(({ state }) => sameBytes(state ?? blank, look.state ?? blank))
      const what =
        other === undefined
          ? 'a state that it never had'
          : other.from < look.askedAt
            ? 'a state of the past'
            : 'a state that was not durable yet'
      this.#problems.add(
        other === undefined ? 'state' : 'early',
        `a query of ${look.entity} "${look.key}" was answered with ${what}: ${shown(look.state)}`,
      )
    }
  }
}
