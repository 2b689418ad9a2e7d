import { z } from 'zod'
import { bind, entity, json, pipeline, sink, source } from 'millrace'
import { file } from 'millrace/files'

const Quote = z.object({ symbol: z.string(), bid: z.number(), offer: z.number() })
const Order = z.object({
  id: z.string(),
  symbol: z.string(),
  side: z.enum(['buy', 'sell']),
  quantity: z.number().int(),
})
const Rejection = Order.extend({ bid: z.number(), offer: z.number() })
type Quote = z.infer<typeof Quote>
type Order = z.infer<typeof Order>

export const quotes = source('quotes', json(Quote))
export const orders = source('orders', json(Order))
export const rejections = sink('rejections', json(Rejection), { key: (r) => r.symbol })

export const Market = entity('market', {
  state: () => ({ bid: 0, offer: 0, open: false }),
  on: {
    quote(market, quote: Quote) {
      const mid = (quote.bid + quote.offer) / 2
      market.bid = quote.bid
      market.offer = quote.offer
      market.open = quote.offer - quote.bid < 0.05 && (quote.offer - quote.bid) / mid < 0.05
    },
    order(market, order: Order) {
      if (!market.open) return { ...order, bid: market.bid, offer: market.offer }
    },
  },
})

export const marketSpread = pipeline('market-spread', ({ from }) => {
  from(quotes)
    .keyBy((quote) => quote.symbol)
    .to(Market.quote)
  from(orders)
    .keyBy((order) => order.symbol)
    .to(Market.order)
    .into(rejections)
})

export default bind(marketSpread, [
  quotes.from(file('quotes.ndjson')),
  orders.from(file('orders.ndjson')),
  rejections.to(file('rejections.ndjson')),
])
