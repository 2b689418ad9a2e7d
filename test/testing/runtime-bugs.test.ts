import type { Pipeline } from 'millrace'
import { entity, json, pipeline, sink, source } from 'millrace'
import { type SimulateOptions, SimulationError } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { scenarioOf } from '../../api/testing/scenario.ts'
import { simulateOnce } from '../../api/testing/world-run.ts'
import alertsProgram, { transactions } from '../../examples/alerts/alerts.ts'
import { bank, deposits, transfers } from '../../examples/transfers/transfers.ts'
import type { Bugs } from '../../runtime/shard/bugs.ts'

const names = ['ann', 'bob', 'cid', 'dan', 'eve']
const money: SimulateOptions = {
  inputs: [
    deposits.from(names.map((account) => ({ account, amount: 50 }))),
    transfers.from(
      Array.from({ length: 25 }, (_, i) => ({ from: names[i % 5]!, to: names[(i * 2 + 1) % 5]!, amount: 5 + i })),
    ),
  ],
}
const spent: SimulateOptions = {
  inputs: [transactions.from(Array.from({ length: 15 }, (_, i) => ({ user: names[i % 5]!, amount: 900 })))],
  settleMs: 3_600_000,
}

/** Returns its state, and changes it afterwards. */
const lists = source(
  'lists',
  json((raw) => raw as { key: string; n: number }),
)
const grown = sink(
  'grown',
  json((raw) => raw as { items: number[] }),
)
const List = entity('list', {
  state: () => ({ items: [] as number[] }),
  on: {
    add(list, { n }: { key: string; n: number }) {
      list.items.push(n)
      return list
    },
  },
})
const listing = pipeline('listing', ({ from }) => {
  from(lists)
    .keyBy(({ key }) => key)
    .to(List.add)
    .into(grown)
})
const added: SimulateOptions = {
  inputs: [lists.from(Array.from({ length: 20 }, (_, n) => ({ key: names[n % 2]!, n })))],
}

/** Mistakes in Millrace itself, found through programs of users: with the number of seeds that may be needed, and of hosts. */
const planted: readonly (readonly [keyof Bugs, seeds: number, hosts: number, Pipeline, SimulateOptions])[] = [
  ['ackOnReceipt', 100, 3, bank, money],
  ['acceptHigherNumber', 50, 3, bank, money],
  ['markAcrossReopenedSession', 100, 3, bank, money],
  ['resumeFromHighest', 50, 3, bank, money],
  ['releaseBeforeCommit', 25, 1, bank, { ...money, faults: ['disk', 'crash'] }],
  ['watermarkInSecondWrite', 50, 1, bank, money],
  ['timerFiredAndRemovedInTwoCommits', 100, 1, alertsProgram, spent],
  ['queryFromMemory', 25, 1, bank, money],
  ['encodeStateAtCommitNotReturn', 25, 1, listing, added],
]

describe('mistakes in the runtime are found through the kit', () => {
  test.each(planted)('%s: within %i seeds', { timeout: 120_000 }, (bug, seeds, hosts, program, options) => {
    const verdict = (seed: number, bugs: Partial<Bugs>): string => {
      try {
        simulateOnce(program, { ...scenarioOf({ ...options, seed }), hosts: [hosts], bugs }, hosts)
        return 'ok'
      } catch (error) {
        if (error instanceof SimulationError) return error.verdict
        throw error
      }
    }
    let found: number | undefined
    for (let seed = 1; seed <= seeds && found === undefined; seed++)
      if (verdict(seed, { [bug]: true }) !== 'ok') found = seed
    expect(found, 'no seed found it').toBeDefined()
    expect(verdict(found!, {}), 'without the mistake the same seed passes').toBe('ok')
  })
})
