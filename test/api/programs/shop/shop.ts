import { json, pipeline, sink, source } from 'millrace'
import { Card } from './card.ts'
import { Order } from './order.ts'
import { Stock } from './stock.ts'
import type { Place } from './messages.ts'

export const carts = source(
  'carts',
  json((raw) => raw as Place),
)
export const deliveries = source(
  'deliveries',
  json((raw) => raw as { sku: string; quantity: number }),
)
export const receipts = sink(
  'receipts',
  json((raw) => raw as { status: string; why: string; sku: string }),
)

export default pipeline('shop', ({ from, use }) => {
  use(Card)
  from(deliveries)
    .keyBy((delivery) => delivery.sku)
    .to(Stock.fill)
  from(carts)
    .keyBy((cart) => cart.order)
    .to(Order.place)
  from(Order.held).merge(from(Order.charged)).merge(from(Order.expire)).into(receipts)
})
