// biome-ignore-all format: a mistake stands on one line, below the comment that expects it
// oxlint-disable typescript/ban-ts-comment, no-unused-expressions, no-unused-vars, require-await, typescript/no-unsafe-return -- these are mistakes on purpose
// Each line after `@ts-expect-error` must not compile. If one starts to compile, tsc says so. The numbers are those of the sketch;
// what it has and this release has not (windows, joins, simulation) is left out.
import { z } from 'zod'
import { bind, binary, entity, json, minutes, offload, pipeline, sink, source } from 'millrace'
import type { Address, RealSink } from 'millrace'

type Quote = { symbol: string; bid: number; tags: string[] }
type Order = { symbol: string; id: number; quantity: number }
type Rejection = { symbol: string; bid: number }

const Market = entity('market', {
  state: () => ({ bid: 0, open: false }),
  activity: () => ({ seen: 0 }),
  on: {
    quote(market, quote: Quote) { market.bid = quote.bid },
    order(market, order: Order): Rejection | undefined { return market.open ? undefined : { symbol: order.symbol, bid: market.bid } },
    tagged(_, order: Order) { return order.quantity > 1 ? { kind: 'big', order } : { kind: 'small' } },
    close(market) { market.open = false },
    remind(market, _: { attempt: number }, ctx) { ctx.after(minutes, Market.remind, { attempt: 1 }) },
    peers(_, m: { replyTo: Address<{ ok: boolean }> }, ctx) { ctx.reply(m.replyTo, { ok: true }) },
  },
})
const quotes = source('quotes', json((raw) => raw as Quote))
const orders = source('orders', json((raw) => raw as Order))
const rejections = sink('rejections', json((raw) => raw as Rejection), { key: (r) => r.symbol })
const names = sink('names', json(z.object({ name: z.string() })))
declare const push: RealSink
const classify = offload(import.meta.url, async (image: { pixels: Uint8Array }) => image.pixels.length)

export default pipeline('negative', ({ from, use }) => {
  const byQuote = from(quotes).keyBy((q) => q.symbol)
  const byOrder = from(orders).keyBy((o) => o.symbol)

  // 1 into a sink of the wrong type
  // @ts-expect-error
  byOrder.to(Market.order).into(names)
  // 2 to a handler that takes another message
  // @ts-expect-error
  byQuote.to(Market.order)
  // 3 an unknown handler
  // @ts-expect-error
  byQuote.to(Market.qoute)
  // 4 forgetting keyBy
  // @ts-expect-error
  from(quotes).to(Market.quote)
  // 5 a key that is not a string
  // @ts-expect-error
  from(orders).keyBy((o) => o.id)
  // 6 a key that may be missing
  // @ts-expect-error
  from(quotes).keyBy((q) => q.tags[0])
  // 7 into, after a handler that returns nothing
  // @ts-expect-error
  byQuote.to(Market.quote).into(rejections)
  // 8 an async step
  // @ts-expect-error
  from(quotes).map(async (q) => q.bid)
  // 9 mutating a message
  // @ts-expect-error
  from(quotes).map((q) => { q.bid = 1; return q })
  // 10 a step that may give nothing: that is what filter and flatMap are for
  // @ts-expect-error
  from(quotes).map((q) => q.bid > 0 ? q : undefined)
  // 11 branching on something that is not a tag
  // @ts-expect-error
  from(orders).branch('quantity')
  // 12 a branch that does not exist
  // @ts-expect-error
  byOrder.to(Market.tagged).branch('kind').huge
  // 16 reading from a sink
  // @ts-expect-error
  from(rejections)
  // 17 writing into a source
  // @ts-expect-error
  byOrder.to(Market.order).into(quotes)
  // 18 offloading the wrong type
  // @ts-expect-error
  from(quotes).mapOffload(classify)
  // 19 listing a handler where an entity is meant
  // @ts-expect-error
  use(Market.quote)
})

pipeline('more', ({ from }) => {
  // 60 what is offloaded is a step, not an origin
  // @ts-expect-error
  from(classify)
  // 61 a handler that returns nothing is no origin
  // @ts-expect-error
  from(Market.quote).map((x) => x)
})
// 62 an offloaded step whose result cannot travel
// @ts-expect-error
offload(import.meta.url, async (order: Order) => ({ again: () => order.id }))
// 21 an async handler
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), on: { async go(s) { s.n++ } } })
// 22 a function in the state
// @ts-expect-error
entity('a', { state: () => ({ n: 0, next: () => 1 }), on: { go(s) { s.n++ } } })
class Cart { items: string[] = []; add(item: string) { this.items.push(item) } }
// 23 a class instance with methods in the state
// @ts-expect-error
entity('a', { state: () => ({ cart: new Cart() }), on: { go(s) { s.cart } } })
// 24 a list of nothing in the state
// @ts-expect-error
entity('a', { state: () => ({ items: [] }), on: { go(s) { s.items } } })
// 25 a promise in the state
// @ts-expect-error
entity('a', { state: () => ({ later: Promise.resolve(1) }), on: { go(s) { s.later } } })
// 26 a function in a message
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), on: { go(s, m: { callback: () => void }) { s.n++ } } })
// 27 a function in the output
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), on: { go(s) { return { undo: () => s.n-- } } } })
// 28 a generator handler
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), on: { *go(s) { yield s.n } } })
// 29 returning what ctx.send gives
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), on: { go(s, m: string, ctx) { return ctx.send(Market.close, m) } } })
// 30 a field that the state does not have
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), on: { go(s) { s.m = 1 } } })
// 31 upcasts that do not reach the state of today
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), upcasts: [(v1: { x: number }) => ({ m: v1.x })], on: { go(s) { s.n } } })
// 32 upcasts that do not fit together
// @ts-expect-error
entity('a', { state: () => ({ n: 0 }), upcasts: [(v1: { x: number }) => ({ y: 1 }), (v2: { z: number }) => ({ n: v2.z })], on: { go(s) { s.n } } })
// 33 primitive state: there is nothing to change in place
// @ts-expect-error
entity('a', { state: () => 0, on: { go(s) { s } } })

entity('b', { state: () => ({ n: 0 }), on: {
  go(s, m: string, ctx) {
    // 34 send: wrong message
    // @ts-expect-error
    ctx.send(Market.quote, m, { symbol: 'x', bid: 'high', tags: [] })
    // 35 send: a field too many
    // @ts-expect-error
    ctx.send(Market.remind, m, { attempt: 1, again: true })
    // 36 send: message forgotten
    // @ts-expect-error
    ctx.send(Market.quote, m)
    // 37 send: a message for a handler that takes none
    // @ts-expect-error
    ctx.send(Market.close, m, { now: true })
    // 38 send: key forgotten
    // @ts-expect-error
    ctx.send(Market.remind, { attempt: 1 })
    // 39 send: a key that is not a string
    // @ts-expect-error
    ctx.send(Market.close, 7)
    // 40 send: an entity is not a place, a handler is
    // @ts-expect-error
    ctx.send(Market, m, { attempt: 1 })
    // 41 a timer with a closure: it would not survive a restart
    // @ts-expect-error
    ctx.after(5 * minutes, () => { s.n = 0 })
    // 42 a timer with the wrong payload
    // @ts-expect-error
    ctx.after(5 * minutes, Market.remind, { attempt: 'first' })
    // 43 awaiting another entity
    // @ts-expect-error
    const other: number = ctx.send(Market.close, m).n
    // 44 an activity that was not declared
    // @ts-expect-error
    ctx.activity(m)
    // 45 answering with the wrong type
    // @ts-expect-error
    ctx.reply(ctx.address(Market.remind), { attempt: true })
    // 46 an address of the wrong type inside a message
    // @ts-expect-error
    ctx.send(Market.peers, m, { replyTo: ctx.address(Market.quote) })
    // 47 reading another entity
    // @ts-expect-error
    s.n = Market.bid
    // 58 sending to a sink: handlers return, the pipeline wires
    // @ts-expect-error
    ctx.send(rejections, m, { symbol: '', bid: 1 })
    // 59 an address has its key already: it is answered
    // @ts-expect-error
    ctx.send(ctx.address(Market.remind), m, { attempt: 1 })
    return other
  },
} })

// 48 a source bound to an end that can only be written
// @ts-expect-error
quotes.from(push)
// 49 a list of the wrong type
// @ts-expect-error
quotes.from([{ symbol: 'x' }])
// 50 an end where a binding is meant
// @ts-expect-error
bind(pipeline('p', () => {}), [quotes])
// 52 a key of a sink that its values lack
// @ts-expect-error
sink('s', json((raw) => raw as Quote), { key: (q) => q.name })
// 53 a layout whose two halves disagree
// @ts-expect-error
binary({ decode: (bytes) => bytes[0]! > 0, encode: (n) => new Uint8Array(n + 1) })
// 56 calling a handler with the wrong state
// @ts-expect-error
Market.close({ bid: 0 })
