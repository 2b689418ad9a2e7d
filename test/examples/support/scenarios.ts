import { minutes, type Pipeline } from 'millrace'
import { type CheckOptions, conserved, effectivelyOnce, orderPerKey, standard } from 'millrace/testing'
import alertsProgram, { transactions } from '../../../examples/alerts/alerts.ts'
import alphabetProgram, { Letter, totals, votes } from '../../../examples/alphabet/alphabet.ts'
import celsiusProgram, { celsius } from '../../../examples/celsius/celsius.ts'
import flightsProgram, { Airport, flights, records } from '../../../examples/demo/flights.ts'
import { abuse, suspicions } from '../../../examples/follow/abuse.ts'
import { analytics, Hour } from '../../../examples/follow/analytics.ts'
import { feed } from '../../../examples/follow/feed.ts'
import { type Follow, follows } from '../../../examples/follow/follows.ts'
import { Followed, notifications, notifying } from '../../../examples/follow/notifications.ts'
import type { Order, Quote } from '../../../examples/market-spread/layout.ts'
import spread, { orders, quotes, rejections } from '../../../examples/market-spread/market-spread.ts'
import merged, { events } from '../../../examples/market-spread/merged.ts'
import shop, { carts, deliveries, receipts } from '../../../examples/shop/shop.ts'
import { Stock } from '../../../examples/shop/stock.ts'
import { Account, bank, deposits, transfers } from '../../../examples/transfers/transfers.ts'
import words, { counts, lines, Word } from '../../../examples/word-count/word-count.ts'

/** What an example is tried with in simulated worlds, and what must hold there. */
export interface ExampleScenario {
  readonly pipeline: Pipeline
  readonly options: CheckOptions
}

const names = ['ann', 'bob', 'cid', 'dan']
const list = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
const nameOf = (i: number): string => names[i % names.length]!
const sumOf = (amounts: readonly { amount: number }[]): number => amounts.reduce((sum, { amount }) => sum + amount, 0)

const quote = (i: number): Quote => ({ kind: 'quote', symbol: nameOf(i), bid: 10, offer: i % 3 === 0 ? 10.5 : 10.01 })
const order = (i: number): Order => {
  const [side, symbol, id] = [i % 2 === 0 ? 'buy' : 'sell', nameOf(i), `o${i}`] as const
  return { kind: 'order', side, symbol, id, account: i, quantity: 5, price: 10, timeMs: i }
}

const follow = (i: number): Follow => ({
  kind: i % 5 === 4 ? 'unfollow' : 'follow',
  follower: nameOf(i),
  followee: nameOf((i >> 2) + i + 1),
  atMs: 1_000 * i,
})
/** One who follows somebody every second. */
const burst = (i: number): Follow => ({ kind: 'follow', follower: nameOf(i % 2), followee: `f${i}`, atMs: 1_000 * i })

const text = [
  'congress shall make no law',
  'no soldier shall',
  'the right of the people',
  'no person shall',
  'the people',
]

export const scenarios = {
  'follow, feed': {
    pipeline: feed,
    options: {
      inputs: [follows.from(list(30, follow))],
    },
  },
  'follow, notifications': {
    pipeline: notifying,
    options: {
      inputs: [follows.from(list(30, follow))],
      properties: [
        ...standard,
        effectivelyOnce(notifications, { id: ({ user, follower }) => `${user} ${follower}` }),
        orderPerKey(notifications, { key: ({ user }) => user, order: ({ total }) => total }),
        conserved('told', {
          enters: (inputs) =>
            new Set(
              inputs
                .of(follows)
                .flatMap(({ kind, ...who }) => (kind === 'follow' ? `${who.follower} ${who.followee}` : [])),
            ).size,
          held: (run) => run.sum(Followed, ({ total }) => total),
        }),
      ],
    },
  },
  'follow, abuse': {
    pipeline: abuse,
    options: {
      inputs: [follows.from(list(60, burst))],
      properties: [...standard, orderPerKey(suspicions, { key: ({ user }) => user, order: ({ atMs }) => atMs })],
    },
  },
  'follow, analytics': {
    pipeline: analytics,
    options: {
      inputs: [follows.from(list(30, follow))],
      properties: [
        ...standard,
        conserved('changes', {
          enters: (inputs) => inputs.of(follows).length,
          held: (run) => run.sum(Hour, (hour) => hour.follows + hour.unfollows),
        }),
      ],
    },
  },
  'word count': {
    pipeline: words,
    options: {
      inputs: [lines.from(text)],
      properties: [
        ...standard,
        conserved('words', {
          enters: (inputs) => inputs.of(lines).reduce((sum, line) => sum + line.split(' ').length, 0),
          held: (run) => run.sum(Word, ({ count }) => count),
        }),
        effectivelyOnce(counts, { id: ({ word, count }) => `${word} ${count}` }),
        orderPerKey(counts, { key: ({ word }) => word, order: ({ count }) => count }),
      ],
    },
  },
  alphabet: {
    pipeline: alphabetProgram,
    options: {
      inputs: [votes.from(list(20, (i) => ({ letter: 'abé'[i % 3]!, votes: 1 + i })))],
      properties: [
        ...standard,
        conserved('votes', {
          enters: (inputs) => inputs.of(votes).reduce((sum, vote) => sum + vote.votes, 0),
          held: (run) => run.sum(Letter, (letter) => letter.votes),
        }),
        orderPerKey(totals, { key: ({ letter }) => letter, order: (total) => total.votes }),
      ],
    },
  },
  celsius: { pipeline: celsiusProgram, options: { inputs: [celsius.from(list(20, (i) => i * 5 - 40))] } },
  'market spread': {
    pipeline: spread,
    // Which order meets which quote is decided when they arrive.
    options: { inputs: [quotes.from(list(10, quote)), orders.from(list(10, order))], mayDiffer: true },
  },
  'market spread, merged': {
    pipeline: merged,
    options: {
      inputs: [events.from(list(20, (i) => (i % 3 === 1 ? order(i) : quote(i))))],
      properties: [...standard, effectivelyOnce(rejections, { id: (rejection) => JSON.stringify(rejection) })],
    },
  },
  transfers: {
    pipeline: bank,
    options: {
      inputs: [
        deposits.from(list(6, (i) => ({ account: nameOf(i), amount: 20 }))),
        transfers.from(list(15, (i) => ({ id: `t${i}`, from: nameOf(i), to: nameOf(i * 3 + 1), amount: 3 + i }))),
      ],
      mayDiffer: true, // Who is refused depends on who was paid before.
      always: {
        'nobody is in debt': (now) => [...now.states(Account).values()].every(({ balance }) => balance >= 0),
      },
      properties: [
        ...standard,
        conserved('money', {
          enters: (inputs) => sumOf(inputs.of(deposits)),
          held: (run) => run.sum(Account, ({ balance }) => balance),
        }),
      ],
    },
  },
  shop: {
    pipeline: shop,
    options: {
      inputs: [
        deliveries.from(list(4, (i) => ({ sku: i % 2 === 0 ? 'tea' : 'milk', quantity: 2 }))),
        carts.from(
          list(10, (i) => ({
            order: `o${i % 8}`,
            sku: i % 3 === 0 ? 'milk' : 'tea',
            quantity: 1 + (i % 2),
            price: 150,
            card: nameOf(i),
          })),
        ),
      ],
      mayDiffer: true, // Who gets the last pack depends on who asked first.
      settleMs: 30 * minutes,
      always: { 'nothing is promised twice': (now) => [...now.states(Stock).values()].every(({ free }) => free >= 0) },
      properties: [
        ...standard,
        effectivelyOnce(receipts, { id: (receipt) => receipt.order }),
        conserved('goods', {
          enters: (inputs) => inputs.of(deliveries).reduce((sum, { quantity }) => sum + quantity, 0),
          held: (run) => {
            const sold = new Set(
              run.outputs(receipts).flatMap((one) => (one.status === 'confirmed' ? [one.order] : [])),
            )
            const quantities = list(8, (i) => (sold.has(`o${i}`) ? 1 + (i % 2) : 0))
            return run.sum(Stock, ({ free }) => free) + quantities.reduce((sum, quantity) => sum + quantity, 0)
          },
        }),
      ],
    },
  },
  alerts: {
    pipeline: alertsProgram,
    options: {
      inputs: [transactions.from(list(16, (i) => ({ user: nameOf(i), amount: 700 })))],
      mayDiffer: true, // A leap of the clock lets "quiet" come between two transactions.
      settleMs: 2 * 60 * minutes,
    },
  },
  flights: {
    pipeline: flightsProgram,
    options: {
      inputs: [
        flights.from(
          list(30, (i) => ({
            at: `2001-01-01T00:${10 + i}`,
            origin: i % 4 === 3 ? 'LAX' : 'SFO',
            destination: i % 2 === 0 ? 'JFK' : 'LAX',
            delay: (i * 7) % 40,
          })),
        ),
      ],
      properties: [
        ...standard,
        conserved('flights', {
          enters: (inputs) => 2 * inputs.of(flights).length,
          held: (run) => run.sum(Airport, ({ departures, expected }) => departures + expected),
        }),
        orderPerKey(records, { key: ({ route }) => route, order: ({ delay }) => delay }),
      ],
    },
  },
} satisfies Record<string, ExampleScenario>
