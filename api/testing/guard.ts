import type { Codec } from '../../runtime/shard/codec.ts'
import type { Plan, RoutePlan } from '../../runtime/shard/plan.ts'
import { SimulationError } from './simulation-error.ts'
import { type Touched, withTraps } from './traps.ts'

/** Something that a program did and may not do, wherever it runs. */
export interface Breach {
  readonly property: 'deterministicHandlers' | 'frozenMessages'
  readonly what: string
}

/**
 * Watches user code while it runs. A breach throws nothing into the handler's caller that would hide it: what a handler throws
 * becomes a dead letter, so breaches are kept here, and whoever runs the world asks for them afterwards.
 */
export class Guard {
  readonly breaches: Breach[] = []
  readonly #codec: Codec

  constructor(codec: Codec) {
    this.#codec = codec
  }

  /** The same plan, with every handler watched: its message must be afterwards what it was before. */
  watch(plan: Plan): Plan {
    return { ...plan, routes: plan.routes.map((route) => ({ ...route, run: this.#watched(plan, route) })) }
  }

  /** Runs user code, at once and to its end, where clock, chance and network are out of reach. */
  run<T>(act: () => T): T {
    return withTraps((touched) => this.#touched(touched), act)
  }

  /** Throws a SimulationError for the first breach. */
  check(seed?: number): void {
    const [first] = this.breaches
    if (first !== undefined) throw new SimulationError({ verdict: 'wrong', ...first, seed })
  }

  #watched(plan: Plan, { run, entity, handler }: RoutePlan): RoutePlan['run'] {
    const name = `${plan.entities[entity]!.name}.${handler}`
    return (state, message, context) => {
      const before = this.#text(message)
      try {
        return run(state, message, context)
      } finally {
        if (before !== this.#text(message))
          this.#add({
            property: 'frozenMessages',
            what: `${name} changes its message: others may hold the same one. Copy what you change: { ...message, seen: true }`,
          })
      }
    }
  }

  #touched({ what, instead, where }: Touched): void {
    this.#add({ property: 'deterministicHandlers', what: `${what} is used at ${where}: ${instead}` })
  }

  #add(breach: Breach): void {
    if (!this.breaches.some(({ what }) => what === breach.what)) this.breaches.push(breach)
  }

  /** One character per byte. */
  #text(message: unknown): string {
    try {
      return Buffer.from(this.#codec.encode(message)).toString('latin1')
    } catch (error) {
      return String(error)
    }
  }
}
