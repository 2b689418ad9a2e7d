import type { Codec } from '../shard/codec.ts'
import type { DeadLetterData } from '../shard/dead-letter.ts'
import type { EntityPlan, Plan } from '../shard/plan.ts'
import { shown } from './check-outputs.ts'
import type { ExpectedLetter } from './expected-letter.ts'
import { type PlainEntity, upToDate } from './plain-entity.ts'
import { answerTimer, type PlainRun, textOf } from './plain-run.ts'
import { type Problems, sameBytes } from './problems.ts'
import { type StoreContent, type StoredEntity, StoredStates } from './store-content.ts'

/** Compares the rows of every store with the states, activities, timers and dead letters that the plain handlers leave. */
export class StoreCheck {
  readonly #plan: Plan
  readonly #codec: Codec
  readonly #problems: Problems

  constructor(plan: Plan, options: { codec: Codec; problems: Problems }) {
    this.#plan = plan
    this.#codec = options.codec
    this.#problems = options.problems
  }

  compare(
    stores: readonly StoreContent[],
    run: PlainRun,
    letters: ReadonlyMap<number, readonly ExpectedLetter[]>,
  ): void {
    let stored: StoredStates
    try {
      stored = new StoredStates(stores, this.#codec)
    } catch (error) {
      this.#problems.add('state', `what the stores hold cannot be read: ${textOf(error)}`)
      return
    }
    for (const entity of run.all()) this.#compareEntity(entity, stored.find(entity.name, entity.key) ?? nothing)
    for (const { name, key, isAstray } of stored.entities.values()) {
      if (isAstray) this.#problems.add('invented', `a store holds ${name} "${key}", whose shard is another group's`)
      if (run.find(name, key) === undefined)
        this.#problems.add('invented', `a store holds ${name} "${key}", which no message ever reached`)
    }
    for (const group of new Set([...letters.keys(), ...stored.letters.keys()])) {
      const found = (stored.letters.get(group) ?? []).map(({ letter }) => letter)
      this.#compareLetters(group, letters.get(group) ?? [], found)
    }
  }

  #compareEntity(entity: PlainEntity, stored: StoredEntity): void {
    const plan = this.#plan.entities.find(({ name }) => name === entity.name)
    if (plan === undefined) return // the program has no such entity any more: nobody can read it
    const name = `${entity.name} "${entity.key}"`
    this.#compareState(name, plan, entity, stored)
    for (const partner of new Set([...entity.activities.keys(), ...stored.activities.keys()])) {
      const expected = entity.activities.get(partner)
      const blank = plan.createActivity === undefined ? undefined : this.#codec.encode(plan.createActivity()).slice()
      const found = stored.activities.get(partner)
      if (sameBytes(expected, found) || (found === undefined && sameBytes(expected, blank))) continue
      this.#problems.add(
        'state',
        `the activity of ${name} with "${partner}" is ${shown(found)} in the store, ${shown(expected)} by the plain handlers`,
      )
    }
    this.#compareTimers(name, entity, stored)
  }

  #compareState(name: string, plan: EntityPlan, entity: PlainEntity, { state: stored }: StoredEntity): void {
    const blank = this.#codec.encode(plan.create()).slice()
    const expected = entity.state === undefined ? undefined : this.#today(plan, entity.state, entity.version)
    const found = stored === undefined ? undefined : this.#today(plan, stored.bytes, stored.version)
    if (!sameBytes(expected ?? blank, found ?? blank)) {
      this.#problems.add('state', `${name} is ${shown(found)} in the store, ${shown(expected)} by the plain handlers`)
    }
    if (stored !== undefined && entity.state === undefined)
      this.#problems.add('state', `${name} is in the store, though it was forgotten or never there`)
    if (stored?.seenMs !== undefined && entity.state !== undefined && stored.seenMs !== entity.seenMs) {
      this.#problems.add('state', `${name} was reached last at ${entity.seenMs}, the store says ${stored.seenMs}`)
    }
  }

  #today(plan: EntityPlan, bytes: Uint8Array, version: number): Uint8Array {
    return version === plan.version ? bytes : this.#codec.encode(upToDate(plan, bytes, version, this.#codec)).slice()
  }

  #compareTimers(name: string, entity: PlainEntity, stored: StoredEntity): void {
    for (const timer of new Set([...entity.timers.keys(), ...stored.timers.keys()])) {
      if (timer.startsWith(answerTimer)) continue
      const expected = entity.timers.get(timer)
      const found = stored.timers.get(timer)
      const same =
        expected !== undefined &&
        found !== undefined &&
        found.atMs === expected.atMs &&
        sameBytes(found.message, expected.bytes) &&
        (expected.route === '' || found.route === expected.route)
      if (!same)
        this.#problems.add(
          'state',
          `timer ${timer} of ${name} is ${found === undefined ? 'not in the store' : `at ${found.atMs} in the store`}, ${expected === undefined ? 'not set' : `at ${expected.atMs}`} by the plain handlers`,
        )
    }
  }

  #compareLetters(group: number, expected: readonly ExpectedLetter[], found: readonly DeadLetterData[]): void {
    if (found.length !== expected.length)
      this.#problems.add(
        found.length < expected.length ? 'lost' : 'doubled',
        `group ${group} has ${found.length} dead letters, expected ${expected.length}`,
      )
    expected.forEach(({ letter, literal }, i) => {
      const other = found[i]
      if (other !== undefined && !sameLetter(letter, other, literal)) {
        this.#problems.add(
          'output',
          `dead letter ${i + 1} of group ${group} is ${describe(other)}, expected ${describe(letter)}`,
        )
      }
    })
  }
}

const nothing: StoredEntity = {
  name: '',
  key: '',
  isAstray: false,
  state: undefined,
  activities: new Map(),
  timers: new Map(),
}

function sameLetter(a: DeadLetterData, b: DeadLetterData, literal: boolean): boolean {
  if (literal && (a.error !== b.error || a.where !== b.where)) return false
  const names = [
    'code',
    'timeMs',
    'atMs',
    'format',
    'entity',
    'key',
    'route',
    'source',
    'partition',
    'position',
  ] as const
  return names.every((name) => (name === 'code' && !literal) || a[name] === b[name]) && sameBytes(a.message, b.message)
}

function describe(letter: DeadLetterData): string {
  const { message, ...rest } = letter
  return `${JSON.stringify(rest)} with ${shown(message)}`
}
