import { upToDate } from '../../runtime/sim/plain-entity.ts'
import { type StoreContent, StoredStates } from '../../runtime/sim/store-content.ts'
import type { DeadLetter } from '../dead-letters.ts'
import { sinkOf } from '../end-definition.ts'
import { entityOf } from '../entity-definition.ts'
import type { AnyEntity } from '../entity.ts'
import type { Sink } from '../ends.ts'
import type { TestProgram } from './test-program.ts'

/** What a pipeline has come to. */
export interface Results {
  /** Everything in a sink, in the order in which it is there. */
  outputs<T>(sink: Sink<T>): T[]
  /** The state of one entity; undefined: it has none. */
  state<S>(entity: AnyEntity<S>, key: string): Readonly<S> | undefined
  /** All states of an entity type, by key. */
  states<S>(entity: AnyEntity<S>): ReadonlyMap<string, Readonly<S>>
  /** A quantity, added up over all entities of a type. */
  sum<S>(entity: AnyEntity<S>, of: (state: Readonly<S>, key: string) => number): number
  /** Messages that could not be handled. */
  readonly deadLetters: readonly DeadLetter[]
  /** What happened, in readable lines: who sent what to whom, what was committed, what was released. */
  trace(): string
}

/** What a sink holds, with the place of each output among those of its lane: a repeated one has the same place. */
export interface HeldOutput {
  readonly shard: number
  readonly number: number
  readonly bytes: Uint8Array
}

/** Reads the disks and sinks of a simulated world. Every look decodes anew, so nobody can change what others see. */
export class WorldReader {
  readonly #program: TestProgram
  readonly #stored: StoredStates
  readonly #held: (sink: string) => readonly HeldOutput[]

  constructor(
    program: TestProgram,
    world: { readonly stores: readonly StoreContent[]; readonly held: (sink: string) => readonly HeldOutput[] },
  ) {
    this.#program = program
    this.#stored = new StoredStates(world.stores, program.codec)
    this.#held = world.held
  }

  outputs(sink: unknown): unknown[] {
    const name = sinkOf(sink)?.name
    if (name === undefined) throw new TypeError('outputs(...) was given something that is no sink')
    if (!this.#program.plan.sinks.some((known) => known.name === name))
      throw new TypeError(`pipeline ${JSON.stringify(this.#program.plan.name)} has no sink ${JSON.stringify(name)}`)
    return this.#held(name).map(({ bytes }) => this.#program.output(bytes))
  }

  states(entity: unknown): Map<string, unknown> {
    const { plan } = this.#program
    const name = entityOf(entity)?.name
    if (name === undefined) throw new TypeError('this is no entity: name one, such as Account')
    if (!plan.entities.some((entity) => entity.name === name))
      throw new TypeError(`pipeline ${JSON.stringify(plan.name)} has no entity ${JSON.stringify(name)}`)
    const states = new Map<string, unknown>()
    for (const [other, key, state] of this.everyState()) if (other === name) states.set(key, state)
    return new Map([...states].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Every state of every entity type, in no particular order. */
  *everyState(): Iterable<readonly [entity: string, key: string, state: unknown]> {
    const { plan, codec } = this.#program
    for (const { name, key, state } of this.#stored.entities.values()) {
      const known = plan.entities.find((entity) => entity.name === name)
      if (known !== undefined && state !== undefined)
        yield [name, key, upToDate(known, state.bytes, state.version, codec)]
    }
  }

  sum(entity: unknown, of: (state: never, key: string) => number): number {
    let sum = 0
    for (const [key, state] of this.states(entity)) sum += of(state as never, key)
    return sum
  }

  get deadLetters(): DeadLetter[] {
    const { plan } = this.#program
    const kept = [...this.#stored.letters.values()].flat().map(({ letter }) => letter)
    if (plan.deadLetterSink === undefined) return kept
    const sent = this.#held(plan.sinks[plan.deadLetterSink]!.name).map(({ bytes }) => this.#program.output(bytes))
    return [...kept, ...(sent as DeadLetter[])]
  }
}
