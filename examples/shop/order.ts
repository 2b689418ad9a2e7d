// oxlint-disable import/no-cycle -- what this program shows: entities send to each other in circles, across files
import { entity, minutes } from 'millrace'
import { Card } from './card.ts'
import type { Cart, Charged, Held, Receipt } from './messages.ts'
import { Stock } from './stock.ts'

type State = {
  status: 'new' | 'holding' | 'paying' | 'confirming' | 'confirmed' | 'cancelled'
  sku: string
  price: number
  card: string
}

/** One order: hold the goods, charge the card, then confirm; or cancel when one of them says no, or nothing for too long. */
export const Order = entity('order', {
  state: (): State => ({ status: 'new', sku: '', price: 0, card: '' }),
  on: {
    place(order, { sku, quantity, price, card }: Cart, ctx) {
      if (order.status !== 'new') return
      Object.assign(order, { status: 'holding', sku, price, card })
      ctx.send(Stock.hold, sku, { quantity, forMs: 15 * minutes, replyTo: ctx.address(Order.held) })
      ctx.after(10 * minutes, Order.expire)
    },
    held(order, { ok }: Held, ctx) {
      if (order.status !== 'holding') {
        ctx.send(Stock.cancel, order.sku, { order: ctx.key })
        return
      }
      if (!ok) {
        ctx.cancel(Order.expire)
        return end(order, ctx.key, 'cancelled', 'out of stock')
      }
      order.status = 'paying'
      ctx.send(Card.charge, order.card, { amount: order.price, replyTo: ctx.address(Order.charged) })
    },
    charged(order, { ok, why }: Charged, ctx) {
      if (order.status !== 'paying') {
        if (ok) ctx.send(Card.refund, order.card, { order: ctx.key })
        return
      }
      ctx.cancel(Order.expire)
      if (!ok) {
        ctx.send(Stock.cancel, order.sku, { order: ctx.key })
        return end(order, ctx.key, 'cancelled', why ?? '')
      }
      order.status = 'confirming'
      ctx.send(Stock.confirm, order.sku, { replyTo: ctx.address(Order.confirmed) })
    },
    /** The goods are ours only now: their time may have been over while we paid. */
    confirmed(order, { ok }: Held, ctx) {
      if (ok) return end(order, ctx.key, 'confirmed', '')
      ctx.send(Card.refund, order.card, { order: ctx.key })
      return end(order, ctx.key, 'cancelled', 'timed out')
    },
    expire(order, _: void, ctx) {
      if (order.status !== 'holding' && order.status !== 'paying') return
      ctx.cancel(Order.expire)
      ctx.send(Stock.cancel, order.sku, { order: ctx.key })
      return end(order, ctx.key, 'cancelled', 'timed out')
    },
    status: (order) => order.status,
  },
})

function end(order: State, key: string, status: Receipt['status'], why: string): Receipt {
  order.status = status
  return { order: key, sku: order.sku, status, why }
}
