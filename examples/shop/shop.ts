/**
 * A shop: an order holds goods, charges a card, and confirms; or it is cancelled, and goods and money go back.
 *
 *   millrace run shop.ts --in deliveries=deliveries.ndjson --in carts=carts.ndjson --out receipts=-
 */
import { json, pipeline, sink, source } from 'millrace'
import { Card } from './card.ts'
import { Cart, Delivery, Receipt } from './messages.ts'
import { Order } from './order.ts'
import { Stock } from './stock.ts'

export const deliveries = source('deliveries', json(Delivery))
export const carts = source('carts', json(Cart))
export const receipts = sink('receipts', json(Receipt), { key: (receipt) => receipt.order })

export default pipeline('shop', ({ from, use }) => {
  use(Card)
  from(deliveries)
    .keyBy((delivery) => delivery.sku)
    .to(Stock.fill)
  from(carts)
    .keyBy((cart) => cart.order)
    .to(Order.place)
  from(Order.held).merge(from(Order.charged)).merge(from(Order.confirmed)).merge(from(Order.expire)).into(receipts)
})
