import { unframe } from '../../../examples/frames.ts'
import { encodeRejection } from '../../../examples/market-spread/layout.ts'
import type { Order, Quote } from '../../../examples/market-spread/layout.ts'
import { Market } from '../../../examples/market-spread/market.ts'

type MarketState = { bid: number; offer: number; open: boolean }

/** What the handlers make of these events, called one after the other. */
export function expectedRejections(events: Iterable<Quote | Order>): {
  markets: Map<string, MarketState>
  rejections: Map<string, string[]>
} {
  const markets = new Map<string, MarketState>()
  const rejections = new Map<string, string[]>()
  for (const event of events) {
    let market = markets.get(event.symbol)
    if (market === undefined) markets.set(event.symbol, (market = { bid: 0, offer: 0, open: false }))
    if (event.kind === 'quote') Market.quote(market, event)
    else {
      const rejection = Market.order(market, event)
      if (rejection !== undefined)
        add(rejections, event.symbol, Buffer.from(encodeRejection(rejection)).toString('hex'))
    }
  }
  return { markets, rejections }
}

/** The rejections of each symbol as text, in their order. Wallaroo's own carry a time that is different in every run. */
export function rejectionsPerSymbol(output: Uint8Array, { withTime = true } = {}): Map<string, string[]> {
  const rejections = new Map<string, string[]>()
  for (const frame of unframe(output)) {
    const bytes = Buffer.from(frame)
    add(
      rejections,
      bytes.toString('latin1', 11, 15),
      bytes.toString('hex', 0, withTime ? bytes.length : bytes.length - 8),
    )
  }
  return rejections
}

function add(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
