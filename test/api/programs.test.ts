import type { Pipeline, Program } from 'millrace'
import { describe, expect, test } from 'vitest'
import { compile } from '../../api/compile.ts'
import { completeBindings } from '../../api/complete-bindings.ts'
import { programOf } from '../../api/program.ts'
import alertsProgram from './programs/alerts.ts'
import { Letter, totals, votes } from './programs/alphabet.ts'
import alphabet from './programs/alphabet.ts'
import celsiusProgram from './programs/celsius.ts'
import erasure from './programs/erasure.ts'
import followFanout from './programs/follow-fanout.ts'
import healthChecks from './programs/health-checks.ts'
import boundMarketSpread from './programs/market-spread.ts'
import shop from './programs/shop/shop.ts'
import { Account, bank } from './programs/transfers.ts'
import wordCount from './programs/word-count.ts'
import { run } from './flow-recorder.ts'

const shape = (program: Pipeline | Program) => {
  const { name, entities, routes, sources, sinks } = compile(programOf(program)!.pipeline)
  return {
    name,
    entities: entities.map((entity) => entity.name),
    ways: routes.filter((route) => route.name.includes('>')).map((route) => route.name),
    heard: routes.filter((route) => route.outputs !== undefined).map((route) => route.name),
    ends: [...sources.map((source) => source.name), ...sinks.map((sink) => sink.name)],
  }
}

describe('the programs of the sketch', () => {
  test('compile to the plans that their text says', () => {
    expect([alertsProgram, celsiusProgram, erasure, shop, wordCount].map(shape)).toEqual([
      {
        name: 'alerts',
        entities: ['user'],
        ways: ['transactions>user.transaction'],
        heard: ['user.quiet', 'transactions>user.transaction'],
        ends: ['transactions', 'alerts'],
      },
      { name: 'celsius', entities: [], ways: [], heard: [], ends: ['celsius', 'fahrenheit'] },
      {
        name: 'erasure',
        entities: ['user', 'item'],
        ways: ['events>user.event', 'erasures>user.erase'],
        heard: ['item.liked', 'item.erase', 'erasures>user.erase'],
        ends: ['events', 'erasures', 'erased', 'index'],
      },
      {
        name: 'shop',
        entities: ['card', 'stock', 'order'],
        ways: ['deliveries>stock.fill', 'carts>order.place'],
        heard: ['order.held', 'order.charged', 'order.expire'],
        ends: ['deliveries', 'carts', 'receipts'],
      },
      {
        name: 'word-count',
        entities: ['word'],
        ways: ['lines>word.seen'],
        heard: ['lines>word.seen'],
        ends: ['lines', 'counts'],
      },
    ])
    expect([followFanout, healthChecks, bank].map((program) => shape(program).ways)).toEqual([
      ['follows>author.follow', 'follows>follower.follow', 'posts>author.post'],
      ['targets>target.watch', 'results>target.result'],
      ['transfers>account.transfer'],
    ])
  })

  test('make messages of records', () => {
    const plan = compile(wordCount)
    const [source] = plan.sources
    const line = source!.decode(new TextEncoder().encode("It's a word, a Word"))
    expect(run(source!.flow, line, plan).map(([, , key, value]) => [key, value])).toEqual([
      ["it's", "it's"],
      ['a', 'a'],
      ['word', 'word'],
      ['a', 'a'],
      ['word', 'word'],
    ])
    expect(plan.sinks[0]!.encode({ word: 'a', count: 2 })).toBe('a => 2')
    const degrees = compile(celsiusProgram)
    const bytes = degrees.sinks[0]!.encode(100) as Uint8Array
    expect(run(degrees.sources[0]!.flow, degrees.sources[0]!.decode(bytes), degrees)).toEqual([
      ['sink', 'fahrenheit', 212],
    ])
  })

  test('have handlers that are plain functions', () => {
    const alice = { balance: 10 }
    expect(Account.transfer(alice, { from: 'alice', to: 'bob', amount: 11 }, { key: 'alice' } as never)).toEqual({
      refused: 11,
      account: 'alice',
    })
    Account.deposit(alice, { amount: 5 })
    expect(alice.balance).toBe(15)
    expect(Letter.vote({ votes: 1 }, { letter: 'a', votes: 2 }, { key: 'a' } as never)).toEqual({
      letter: 'a',
      votes: 3,
    })
    expect(Account.deposit.name).toBe('account.deposit')
  })

  test('are complete with their ends', () => {
    const { pipeline, bindings } = programOf(boundMarketSpread)!
    expect(completeBindings(pipeline, bindings).sources).toMatchObject([
      { path: 'quotes.ndjson' },
      { path: 'orders.ndjson' },
    ])
    const { plan, sources } = completeBindings(alphabet, [votes.from([{ letter: 'a', votes: 2 }])], {
      sinks: 'optional',
    })
    expect([sources[0]!.kind, plan.sinks[0]!.name, totals.name]).toEqual(['list', 'totals', 'totals'])
    expect(programOf({})).toBeUndefined()
  })
})
