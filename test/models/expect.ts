import { expect } from 'vitest'
import { type Exploration, type Model, describeExploration } from './explore.ts'

/** Explored completely, nothing violated, the goal reachable from everywhere, and every witness met. */
export function expectHolds(name: string, result: Exploration<string>): void {
  const { verdict, complete, live, unwitnessed } = result
  const summary = { verdict, complete, live, unwitnessed }
  expect(summary, describeExploration(name, result)).toEqual({
    verdict: 'holds',
    complete: true,
    live: true,
    unwitnessed: [],
  })
}

/** A mutation was found: as this kind of violation (or as a stuck state), by a trace of at most this many steps. */
export function expectFound(name: string, result: Exploration<string>, kind: string, maxSteps: number): void {
  const found = result.verdict === 'violated' ? result.violation?.kind : result.verdict
  expect(found, describeExploration(name, result)).toBe(kind)
  expect(result.trace.length, describeExploration(name, result)).toBeLessThanOrEqual(maxSteps)
}

/** Larger bounds, for when there is time: `MILLRACE_MODELS=deep npx vitest run test/models`. */
export const isDeep: boolean = process.env['MILLRACE_MODELS'] === 'deep'

/** An exploration takes seconds, and several run at once. */
export const SLOW = { timeout: isDeep ? 1_200_000 : 120_000 }

/** The same model, in which a step that changes the state it starts from throws. */
export function frozen<State, Kind extends string>(model: Model<State, Kind>): Model<State, Kind> {
  return { ...model, initial: freeze(model.initial), steps: (state) => model.steps(freeze(state)) }
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
