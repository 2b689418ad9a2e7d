import { test as propertyTest } from '@fast-check/vitest'
import { harness, simulate } from 'millrace/testing'
import { feed, interleavings, lateAndRepeated, scenarios, schedules, worlds } from 'millrace/testing/fast-check'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Account, bank, deposits, transfers } from '../../examples/transfers/transfers.ts'
import { parts, saysTwice } from './planted/state.ts'

const account = fc.constantFrom('ann', 'bob', 'cid')
const amount = fc.integer({ min: 1, max: 20 })
const paidIn = fc.array(fc.record({ account, amount }), { maxLength: 10 })
const moved = fc.array(fc.record({ from: account, to: account, amount }), { maxLength: 10 })
const feeds = [feed(deposits, paidIn), feed(transfers, moved)]

/** What fast-check says about a property that fails. */
async function counterexample<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncPropertyWithHooks<T>,
): Promise<string> {
  const details = await fc.check(property, { seed: 1, numRuns: 200 })
  expect(details.failed).toBe(true)
  return fc.stringify(details.counterexample!)
}

describe('with @fast-check/vitest', () => {
  propertyTest.prop([paidIn, moved, worlds()], { numRuns: 30 })('money is conserved', async (paidIn, moved, world) => {
    const inputs = [deposits.from(paidIn), transfers.from(moved)]
    const run = await simulate(bank, { inputs, ...world })
    expect(run.sum(Account, ({ balance }) => balance)).toBe(paidIn.reduce((sum, { amount }) => sum + amount, 0))
  })

  propertyTest.prop([schedules(feeds)], { numRuns: 50 })('nobody is ever in debt', (schedule) => {
    const h = harness(bank)
    schedule.play(h)
    for (const { balance } of h.states(Account).values()) expect(balance).toBeGreaterThanOrEqual(0)
  })
})

describe('a failure', () => {
  test('of a scenario shrinks input and faults, and is printed as a test', async () => {
    const made = scenarios(bank, feeds, { always: {} })
    const failing = fc.asyncProperty(made, async (options) => {
      const run = await simulate(bank, options)
      expect(run.states(Account).size).toBeLessThan(2)
    })
    const text = await counterexample(failing)
    expect(text).toContain("test('bank, seed ")
    expect(text).toContain('await simulate(bank, {')
    expect(text).toContain('hosts: [1],')
    expect(text).toContain('faults: [],')
    expect(text.match(/amount: /g)!.length).toBeLessThan(3)
  })

  test('that needs a fault keeps it, and no other', async () => {
    const made = scenarios(bank, feeds)
    const failing = fc.asyncProperty(made, async (options) => {
      const run = await simulate(bank, options)
      expect(run.faults.some((fault) => fault.includes('disk-full'))).toBe(false)
    })
    expect(await counterexample(failing)).toContain(`faults: ['disk'],`)
  })

  test('of an interleaving is printed as the calls of a harness', async () => {
    const failing = fc.asyncProperty(interleavings(feeds), async (schedule) => {
      const h = harness(bank)
      schedule.play(h)
      const arrived = schedule.steps.findIndex((step) => step.kind === 'push' && step.source.name === 'transfers')
      expect(arrived).toBeLessThan(1)
    })
    expect(await counterexample(failing)).toMatch(/\nh\.push\(deposits, \{ .* \}\)\nh\.push\(transfers, \{ .* \}\)\n/)
  })

  test('that needs a record again shrinks to that', async () => {
    const records = lateAndRepeated(fc.constant([0, 1, 2].map((part) => ({ order: 'o1', part }))))
    const failing = fc.asyncProperty(scenarios(saysTwice.wrong, [feed(parts, records)]), async (options) => {
      const run = await simulate(saysTwice.wrong, options)
      expect(run.outputs(saysTwice.out).length).toBeLessThan(2)
    })
    const text = await counterexample(failing)
    expect(text).toContain('faults: [],')
    expect(text.match(/order: 'o1'/g)).toHaveLength(4)
  })
})
