import { entity, json, pipeline, type Source, sink, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

type Quote = { kind: 'quote'; symbol: string; bid: number; offer: number; atMs: number }
type Order = { kind: 'order'; symbol: string; id: number; atMs: number }

/** Returns its own state, now and then: what is put out must be what it was at the return. */
const Market = entity('market', {
  state: () => ({ bid: 0, offer: 0, open: false, orders: 0, seenMs: 0 }),
  on: {
    quote(market, quote: Quote, ctx) {
      market.bid = quote.bid
      market.offer = quote.offer
      market.open = quote.offer - quote.bid < 5
      market.seenMs = ctx.time
      if (!market.open) return market
    },
    order(market, order: Order) {
      market.orders += 1
      if (!market.open) return { ...market, id: order.id }
    },
  },
})

const ticks = source(
  'ticks',
  json((raw) => raw as Quote | Order),
  { time: (tick) => tick.atMs },
)
const closed = sink(
  'closed',
  json((raw) => raw as { bid: number; open: boolean }),
)
const rejections = sink(
  'rejections',
  json((raw) => raw as { id: number; bid: number }),
  { key: (rejection) => String(rejection.id) },
)

const ticksByKey = source(
  'ticks',
  {
    ...json((raw) => raw as Quote | Order),
    key: (bytes) => (JSON.parse(new TextDecoder().decode(bytes)) as Quote).symbol,
  },
  { time: (tick) => tick.atMs },
)
const tradingOn = (of: Source<Quote | Order>) =>
  pipeline('market', ({ from }) => {
    const kinds = from(of).branch('kind')
    kinds.quote
      .keyBy((quote) => quote.symbol)
      .to(Market.quote)
      .into(closed)
    kinds.order
      .keyBy((order) => order.symbol)
      .to(Market.order)
      .into(rejections)
  })

/** With a format that reads the key from the bytes, a record is sent on without being decoded. */
const plain = tradingOn(ticks)
const byKey = tradingOn(ticksByKey)

/** Quotes and orders in one log, so that the answer does not depend on the interleaving. */
export function marketOf(prng: Prng): SimProgram {
  const symbols = ['ABC', 'XYZ', 'FOO'].slice(0, 1 + prng.below(3))
  const records = Array.from({ length: prng.below(80) }, (_, id): Quote | Order => {
    const symbol = prng.pick(symbols)
    if (prng.chance(0.5)) return { kind: 'order', symbol, id, atMs: id * 10 }
    const bid = prng.below(100)
    return { kind: 'quote', symbol, bid, offer: bid + prng.below(10), atMs: id * 10 }
  })
  return {
    name: 'market',
    plans: [compile(prng.chance(0.5) ? byKey : plain)],
    codec: createCodec(),
    inputs: [{ source: 'ticks', partitions: dealt(records.map(bytesOf), 1 + prng.below(2)) }],
  }
}
