import { check, simulate } from 'millrace/testing'
import * as kit from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { Account, bank, deposits, transfers } from '../../examples/transfers/transfers.ts'
import { handlers, visits } from './planted/handlers.ts'
import { moves, payments, transactions } from './planted/money.ts'
import { parts, state } from './planted/state.ts'
import { sales, steps } from './planted/steps.ts'
import { failureOf } from './support/failure-of.ts'

type Run = (test: (name: string, body: () => Promise<void>) => void, ...names: unknown[]) => void

/** Runs the source text of a test, with what it names. */
async function paste(text: string, names: Record<string, unknown>): Promise<void> {
  const all = { ...kit, ...names }
  // oxlint-disable-next-line typescript/no-implied-eval -- what is printed is to be run as it is printed
  const run = new Function('test', ...Object.keys(all), text) as Run
  let body: (() => Promise<void>) | undefined
  run((_name, given) => (body = given), ...Object.values(all))
  await body!()
}

describe('a test that is printed fails in the same way', () => {
  const planted = [...handlers, ...state, ...steps, ...transactions].filter(
    ({ bug }) => !bug.startsWith('leaves out'), // what a step remembers outside stays remembered
  )
  test.each(planted)('$bug', async ({ wrong, options, seeds, names }) => {
    const failure = await failureOf(() => check(wrong, { ...options, seeds }))
    const name = failure.test!.match(/await \w+\((\w+),/)![1]!
    const again = await failureOf(() =>
      paste(failure.test!, { [name]: wrong, visits, parts, sales, moves, payments, ...names }),
    )
    expect(again.property).toBe(failure.property)
    expect(again.what).toBe(failure.what)
  })

  test('with the faults that are needed', async () => {
    const inputs = [
      deposits.from(['ann', 'bob'].map((account) => ({ account, amount: 9 }))),
      transfers.from([{ from: 'ann', to: 'bob', amount: 2 }]),
    ]
    const always: kit.Invariants = {
      'nobody has ten': (now) => [...now.states(Account).values()].every(({ balance }) => balance < 10),
    }
    const failure = await failureOf(() => simulate(bank, { inputs, faults: ['crash'], always }))
    const again = await failureOf(() => paste(failure.test!, { bank, deposits, transfers, Account }))
    expect(again.what).toBe(failure.what)
    expect(again.faults).toEqual(failure.faults)
  })
})
