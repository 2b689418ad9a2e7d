import { encoding, entity, sink } from 'millrace'
import { encodeRejection } from './layout.ts'
import type { Order, Quote, Rejection } from './layout.ts'

export const rejections = sink('rejections', encoding(encodeRejection), { key: ({ order }: Rejection) => order.symbol })

/** What is known about one symbol. It is closed to orders until its first quote, and while its spread is wide. */
export const Market = entity('market', {
  state: () => ({ bid: 0, offer: 0, open: false }),
  on: {
    quote(market, { bid, offer }: Quote) {
      const spread = offer - bid
      const mid = (bid + offer) / 2
      market.bid = bid
      market.offer = offer
      market.open = spread < 0.05 && spread / mid < 0.05
    },
    order(market, order: Order) {
      if (!market.open) return { order, bid: market.bid, offer: market.offer }
    },
  },
})
