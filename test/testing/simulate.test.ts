import { seconds } from 'millrace'
import { harness, simulate, SimulationError } from 'millrace/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import alertsProgram, { alerts, transactions, User } from '../../examples/alerts/alerts.ts'
import { type Refusal, Account, bank, deposits, refusals, transfers } from '../../examples/transfers/transfers.ts'
import words, { counts, lines, Word } from '../../examples/word-count/word-count.ts'
import { failureOf } from './support/failure-of.ts'

const text = ['the quick fox', 'the lazy dog', 'the end']
const paidIn = ['ann', 'bob', 'cid', 'dan'].map((account) => ({ account, amount: 100 }))
const moved = Array.from({ length: 12 }, (_, i) => ({
  id: `t${i}`,
  from: paidIn[i % 4]!.account,
  to: paidIn[(i * 3 + 1) % 4]!.account,
  amount: 30,
}))
const accounts = [deposits.from(paidIn), transfers.from(moved)]

describe('simulate', () => {
  test('gives outputs, states and a trace that says who sent what to whom', async () => {
    const run = await simulate(words, { inputs: [lines.from(text)], hosts: [2], faults: 'none' })
    expect(run.outputs(counts).filter(({ word }) => word === 'the')).toEqual(
      [1, 2, 3].map((count) => ({ word: 'the', count })),
    )
    expect(run.state(Word, 'the')).toEqual({ count: 3 })
    expect(run.sum(Word, ({ count }) => count)).toBe(8)
    expect(run.deadLetters).toEqual([])
    expect(run.faults).toEqual([])
    expect(run.trace()).toContain(`lines[0] -> word.seen "quick" 'quick'`)
    expect(run.trace()).toMatch(/commit 1 is durable/)
    expect(run.trace()).toMatch(/releases \d+ outputs for counts/)
  })

  test('every scale and every fault gives the same answer where the order does not matter', async () => {
    let faults = 0
    for (let seed = 1; seed <= 20; seed++) {
      const run = await simulate(words, { inputs: [lines.from(text)], hosts: [1, 2, 3], seed })
      expect(run.runs.map(({ hosts }) => hosts)).toEqual([1, 2, 3])
      for (const { state } of [...run.runs, run]) expect(state(Word, 'the')).toEqual({ count: 3 })
      faults += run.runs.reduce((sum, one) => sum + one.faults.length, 0)
    }
    expect(faults).toBeGreaterThan(100)
  })

  test('money is conserved whatever order the transfers take, and at every commit', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const run = await simulate(bank, {
        inputs: accounts,
        hosts: [1, 3],
        seed,
        mayDiffer: true,
        always: {
          'nobody is in debt': (now) => [...now.states(Account).values()].every(({ balance }) => balance >= 0),
          'no more money than was paid in': (now) =>
            now.sum(Account, ({ balance }) => balance) +
              now.underWay(Account.deposit).reduce((sum, { message }) => sum + message.amount, 0) <=
            400,
        },
      })
      for (const one of run.runs) expect(one.sum(Account, ({ balance }) => balance)).toBe(400)
    }
  })

  test('scales that disagree are told, with two orders that differ', async () => {
    const inputs = [
      deposits.from([{ account: 'ann', amount: 5 }]),
      transfers.from([{ from: 'ann', to: 'bob', amount: 5 }]),
    ]
    const failure = await failureOf(async () => {
      for (let seed = 1; seed <= 30; seed++) await simulate(bank, { inputs, hosts: [1, 2], faults: 'none', seed })
    })
    expect(failure).toMatchObject({ verdict: 'wrong', property: 'sameAtAnyScale' })
    expect(failure.message).toContain('depends on the order in which messages of different senders meet')
    expect(failure.message).toMatch(
      /account "ann", in one order:\n {2}1\. deposits\[0\] -> deposit .*\n {2}2\. transfers\[0\]/,
    )
    expect(failure.message).toMatch(/and in the other:\n {2}1\. transfers\[0\]/)
    expect(failure.message).toContain('mayDiffer: true')
  })

  test('a week of timers takes no week', async () => {
    const inputs = [transactions.from([{ user: 'ann', amount: 3_000 }])]
    const run = await simulate(alertsProgram, { inputs, settleMs: 7 * 24 * 3_600 * seconds, faults: 'none' })
    expect(run.outputs(alerts).map(({ kind }) => kind)).toEqual(['over', 'quiet'])
    expect(run.state(User, 'ann')).toBeUndefined()
  })

  test.each(['crash', 'zombie', 'disk', 'sink', 'clock', 'lose', 'duplicate', 'reorder', 'delay'] as const)(
    'the fault "%s" happens for sure when it is named',
    async (fault) => {
      let happened = 0
      for (let seed = 1; seed <= 20; seed++) {
        const run = await simulate(bank, { inputs: accounts, hosts: [3], faults: [fault], seed })
        happened += run.faults.length
      }
      expect(happened).toBeGreaterThan(4)
    },
  )

  test('the same seed is the same world', async () => {
    const run = (seed: number) => simulate(bank, { inputs: accounts, hosts: [3], seed })
    const [one, other] = [await run(7), await run(7)]
    expect(one.trace()).toBe(other.trace())
    expect(one.outputs(refusals)).toEqual(other.outputs(refusals))
    expect((await run(8)).trace()).not.toBe(one.trace())
  })

  test('an invariant that does not hold is named, with a test to paste', async () => {
    const failure = await failureOf(() =>
      simulate(bank, {
        inputs: accounts,
        seed: 4,
        faults: 'none',
        always: { 'nobody has money': (now) => now.states(Account).size === 0 },
      }),
    )
    expect(failure.verdict).toBe('wrong')
    expect(failure.seed).toBe(4)
    expect(failure.message).toContain('"nobody has money" does not hold')
    expect(failure.test).toContain('await simulate(bank, {')
    expect(failure.test).toContain("inputs: [deposits.from([{ account: 'ann', amount: 100 }, ")
    expect(failure.trace).toContain('-> account.deposit "ann" { amount: 100 }'.slice(0, 24))
  })

  test('results have the types of what they are results of', async () => {
    const run = await simulate(bank, { inputs: accounts, mayDiffer: true })
    expectTypeOf(run.outputs(refusals)).toEqualTypeOf<Refusal[]>()
    expectTypeOf(run.state(Account, 'ann')).toEqualTypeOf<Readonly<{ balance: number }> | undefined>()
    const h = harness(bank)
    expectTypeOf(h.ask(Account.balance, 'ann')).toEqualTypeOf<number | undefined>()
    expectTypeOf(h.push<{ account: string; amount: number }>)
      .parameter(1)
      .toExtend<{ amount: number }>()
    expect(h.ask(Account.balance, 'ann')).toBe(0)
  })

  test('what was asked must make sense', async () => {
    const one = (options: Partial<Parameters<typeof simulate>[1]>) => simulate(bank, { inputs: accounts, ...options })
    await expect(one({ faults: ['lose'] })).rejects.toThrow('happens between hosts')
    await expect(one({ faults: ['gremlin' as 'crash'] })).rejects.toThrow('there is no fault "gremlin"')
    await expect(one({ hosts: [] })).rejects.toThrow('no list of how many hosts')
    await expect(one({ seed: 0.5 })).rejects.toThrow('not a whole number')
    await expect(one({ inputs: [] })).rejects.toThrow('MR_END_UNBOUND')
    expect(SimulationError.name).toBe('SimulationError')
  })
})
