import { check } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { type ExampleScenario, scenarios } from './support/scenarios.ts'

/** Every run of the tests tries other worlds; a failure says which, and how to try it again. */
const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 1_000_000)
const seeds = Math.max(15, Math.round(Number(process.env['MILLRACE_SEEDS'] ?? 0) / 20))

/** Seeds that once failed, and why. */
const regressions: readonly (readonly [why: string, example: keyof typeof scenarios, seed: number])[] = [
  ['a node that left for another reason was waited for by those that drain', 'shop', 269],
  ['goods went back when their time was over, and were confirmed all the same', 'shop', 85],
]

test.each(regressions)('%s: %s, seed %i', async (_why, example, seed) => {
  const { pipeline, options }: ExampleScenario = scenarios[example]
  await check(pipeline, { ...options, seed, seeds: 1 })
})

describe(`in simulated worlds, from seed ${seed}`, () => {
  const examples: [string, ExampleScenario][] = Object.entries(scenarios)
  test.each(examples)('%s', { timeout: 20_000 + 4_000 * seeds }, async (_name, { pipeline, options }) => {
    const report = await check(pipeline, { ...options, seed, seeds })
    expect(report.worlds).toBe(3 * seeds)
    // Worlds in which nothing happens show nothing.
    expect(report.faults).toBeGreaterThan(3 * seeds)
    expect(report.handled).toBeGreaterThan(3 * 15 * seeds)
  })
})
