/**
 * Arbitraries for fast-check, from 'millrace/testing/fast-check': worlds, scenarios, schedules, late and repeated input. They shrink
 * input and faults together, and print what they have found as a test to paste. Works with `fc.assert` and `@fast-check/vitest`.
 */
import * as fc from 'fast-check'
import { sourceOf } from '../end-definition.ts'
import type { Source } from '../ends.ts'
import type { Pipeline } from '../pipeline.ts'
import { betweenHosts, type Fault, faultNames } from './faults.ts'
import type { Harness } from './harness.ts'
import { literal, variable } from './literal.ts'
import { scenarioOf, testText } from './scenario.ts'
import type { SimulateOptions } from './simulate-options.ts'

/** A source, and what may come in by it. */
export interface Feed {
  readonly source: Source<unknown>
  readonly values: fc.Arbitrary<readonly unknown[]>
}

/** What comes in by a source. */
export function feed<T>(source: Source<T>, values: fc.Arbitrary<readonly T[]>): Feed {
  if (sourceOf(source) === undefined) throw new TypeError('feed(...) was given something that is no source')
  return { source, values }
}

/** A simulated world: part of the options of `simulate`. */
export interface World {
  readonly hosts: readonly number[]
  readonly faults: readonly Fault[]
  readonly seed: number
}

export interface WorldsOptions {
  /** At most so many hosts. Default 3. */
  readonly maxHosts?: number
  /** Faults that there may be. Default: all of them. */
  readonly faults?: readonly Fault[]
}

/** Worlds to spread into the options of `simulate`. A failing one shrinks to fewer hosts and fewer faults. */
export function worlds({ maxHosts = 3, faults = faultNames }: WorldsOptions = {}): fc.Arbitrary<World> {
  return fc
    .record({
      hosts: fc.integer({ min: 1, max: maxHosts }),
      faults: fc.subarray([...faults]),
      seed: fc.integer({ min: 1, max: 0x7fff_ffff }),
    })
    .map(({ hosts, faults, seed }) => ({
      hosts: [hosts],
      faults: hosts > 1 ? faults : faults.filter((name) => !betweenHosts.includes(name)),
      seed,
    }))
}

export type ScenariosOptions = WorldsOptions & Omit<SimulateOptions, 'inputs' | 'hosts' | 'faults' | 'seed' | 'without'>

/**
 * Options of `simulate`: input and world together. A failing one shrinks its input and its faults, and is printed as the source
 * text of a test. Sources without a feed get nothing.
 */
export function scenarios(
  pipeline: Pipeline,
  feeds: readonly Feed[],
  options: ScenariosOptions = {},
): fc.Arbitrary<SimulateOptions> {
  const { maxHosts, faults, ...rest } = options
  const drawn = worlds({ ...(maxHosts !== undefined && { maxHosts }), ...(faults !== undefined && { faults }) })
  return fc.tuple(fc.tuple(...feeds.map(({ values }) => values)), drawn).map(([lists, world]) => {
    const inputs = lists.map((values, i) => feeds[i]!.source.from([...values]))
    const made: SimulateOptions = { ...rest, ...world, inputs }
    return printedAs(made, () => testText(pipeline, scenarioOf(made)))
  })
}

/** One thing that is done with a harness. */
export type Step =
  | { readonly kind: 'push'; readonly source: Source<unknown>; readonly value: unknown }
  | { readonly kind: 'advance'; readonly ms: number }

/** What is done with a harness, in order. */
export interface Schedule {
  readonly steps: readonly Step[]
  play(harness: Harness): void
}

/**
 * What comes in by several sources, in any order that keeps the order of each. Shrinks towards one source after the other.
 * Printed as the calls of a harness.
 */
export function interleavings(feeds: readonly Feed[]): fc.Arbitrary<Schedule> {
  return schedules(feeds, { maxPauseMs: 0 })
}

/** As `interleavings`, with pauses in between, up to `maxPauseMs` each (default: a minute). Shrinks towards none. */
export function schedules(
  feeds: readonly Feed[],
  { maxPauseMs = 60_000 }: { readonly maxPauseMs?: number } = {},
): fc.Arbitrary<Schedule> {
  const picks = fc.array(fc.record({ feed: fc.nat(), pauseMs: fc.integer({ min: 0, max: maxPauseMs }) }))
  return fc.tuple(fc.tuple(...feeds.map(({ values }) => values)), picks).map(([lists, picks]) => {
    const steps = stepsOf(feeds, lists, picks)
    return printedAs({ steps, play: (harness: Harness) => play(steps, harness) }, () => callsText(steps))
  })
}

/**
 * The same records, some of them late and some again: what a source does that promises neither order nor once. Shrinks towards
 * the records as they were.
 */
export function lateAndRepeated<T>(records: fc.Arbitrary<readonly T[]>): fc.Arbitrary<readonly T[]> {
  const mishap = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 8 }), again: fc.boolean() })
  return fc.tuple(records, fc.array(mishap, { maxLength: 6 })).map(([records, mishaps]) => {
    const list = [...records]
    for (const { at, by, again } of mishaps) {
      if (list.length === 0) break
      const from = at % list.length
      const [record] = again ? [list[from]!] : list.splice(from, 1)
      list.splice(Math.min(list.length, from + by), 0, record!)
    }
    return list
  })
}

function stepsOf(
  feeds: readonly Feed[],
  lists: readonly (readonly unknown[])[],
  picks: readonly { readonly feed: number; readonly pauseMs: number }[],
): Step[] {
  const left = lists.map((values) => [...values])
  const steps: Step[] = []
  const turns = picks.values()
  for (;;) {
    const open = left.map((_, i) => i).filter((i) => left[i]!.length > 0)
    if (open.length === 0) return steps
    const turn = turns.next().value
    const chosen = open[(turn?.feed ?? 0) % open.length]!
    steps.push({ kind: 'push', source: feeds[chosen]!.source, value: left[chosen]!.shift() })
    if (turn !== undefined && turn.pauseMs > 0) steps.push({ kind: 'advance', ms: turn.pauseMs })
  }
}

function play(steps: readonly Step[], harness: Harness): void {
  for (const step of steps) {
    if (step.kind === 'push') harness.push(step.source, step.value)
    else harness.advance(step.ms)
  }
}

function callsText(steps: readonly Step[]): string {
  const lines = steps.map((step) =>
    step.kind === 'push' ? `h.push(${variable(step.source.name)}, ${literal(step.value)})` : `h.advance(${step.ms})`,
  )
  return ['', ...lines, ''].join('\n')
}

/** fast-check prints it with this text. */
function printedAs<T extends object>(value: T, text: () => string): T {
  return Object.defineProperty(value, fc.toStringMethod, { value: text })
}
