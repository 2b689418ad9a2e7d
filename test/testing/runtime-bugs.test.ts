import type { Pipeline } from 'millrace'
import { entity, json, pipeline, sink, source } from 'millrace'
import { type SimulateOptions, SimulationError } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { scenarioOf } from '../../api/testing/scenario.ts'
import { simulateOnce } from '../../api/testing/world-run.ts'
import alertsProgram, { transactions } from '../../examples/alerts/alerts.ts'
import { bank, deposits, transfers } from '../../examples/transfers/transfers.ts'
import type { Bugs } from '../../runtime/shard/bugs.ts'
import { signOf } from '../support/sign.ts'

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

interface Search {
  /** How many seeds may be needed. */
  readonly seeds: number
  readonly hosts: number
  /** How it may show. */
  readonly signs: readonly string[]
}

/** Mistakes in Millrace itself, found through programs of users. */
const planted: readonly (readonly [keyof Bugs, Search, Pipeline, SimulateOptions])[] = [
  ['ackOnReceipt', { seeds: 100, hosts: 3, signs: ['MR_LANE_DIVERGED', 'stuck'] }, bank, money],
  ['acceptHigherNumber', { seeds: 50, hosts: 3, signs: ['lost', 'MR_LANE_DIVERGED'] }, bank, money],
  ['markAcrossReopenedSession', { seeds: 100, hosts: 3, signs: ['lost', 'stuck'] }, bank, money],
  ['resumeFromHighest', { seeds: 50, hosts: 3, signs: ['lost', 'stuck'] }, bank, money],
  [
    'releaseBeforeCommit',
    { seeds: 25, hosts: 1, signs: ['early', 'MR_SINK_DIVERGED'] },
    bank,
    { ...money, faults: ['disk', 'crash'] },
  ],
  ['watermarkInSecondWrite', { seeds: 50, hosts: 1, signs: ['doubled', 'MR_SOURCE_REPLACED'] }, bank, money],
  ['timerFiredAndRemovedInTwoCommits', { seeds: 100, hosts: 1, signs: ['doubled', 'state'] }, alertsProgram, spent],
  ['queryFromMemory', { seeds: 25, hosts: 1, signs: ['early', 'state'] }, bank, money],
  ['encodeStateAtCommitNotReturn', { seeds: 25, hosts: 1, signs: ['output'] }, listing, added],
]

describe('mistakes in the runtime are found through the kit', () => {
  test.each(planted)('%s', { timeout: 120_000 }, (bug, { seeds, hosts, signs }, program, options) => {
    const sign = (seed: number, bugs: Partial<Bugs>): string => {
      try {
        simulateOnce(program, { ...scenarioOf({ ...options, seed }), hosts: [hosts], bugs }, hosts)
        return 'ok'
      } catch (error) {
        if (error instanceof SimulationError) return signOf(error.verdict, error.what)
        throw error
      }
    }
    let seed = 1
    let found = sign(seed, { [bug]: true })
    while (found === 'ok' && seed < seeds) found = sign(++seed, { [bug]: true })
    expect(signs, `seed ${seed}`).toContain(found)
    expect(sign(seed, {}), 'without the mistake the same seed passes').toBe('ok')
  })
})
