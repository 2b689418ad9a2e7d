import { check } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { type ExampleScenario, scenarios } from './support/scenarios.ts'

/** Every run of the tests tries other worlds; a failure says which, and how to try it again. */
const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 1_000_000)

describe(`in simulated worlds, from seed ${seed}`, () => {
  const examples: [string, ExampleScenario][] = Object.entries(scenarios)
  test.each(examples)('%s', { timeout: 60_000 }, async (_name, { pipeline, options }) => {
    const report = await check(pipeline, { ...options, seed, seeds: 15 })
    expect(report.worlds).toBe(45)
    expect(report.faults).toBeGreaterThan(45)
    expect(report.handled).toBeGreaterThan(15 * 45)
  })
})
