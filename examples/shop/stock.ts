// oxlint-disable import/no-cycle -- what this program shows: entities send to each other in circles, across files
import { entity } from 'millrace'
import type { Confirm, Delivery, Hold } from './messages.ts'
import { Order } from './order.ts'

type Held = { quantity: number; settled: 'no' | 'confirmed' | 'cancelled' }

/**
 * Tentative operations: goods are held for an order, and the order confirms or cancels. If it does neither in time, the goods
 * come back. What was promised to one order is the activity with that order.
 */
export const Stock = entity('stock', {
  state: () => ({ free: 0 }),
  activity: (): Held => ({ quantity: 0, settled: 'no' }),
  on: {
    fill(stock, { quantity }: Delivery) {
      stock.free += quantity
    },
    hold(stock, { quantity, forMs, replyTo }: Hold, ctx) {
      const held = ctx.activity(replyTo.key)
      const ok = held.settled === 'no' && stock.free >= quantity // a cancel may overtake its hold
      if (ok) {
        held.quantity = quantity
        stock.free -= quantity
        ctx.after(forMs, Stock.cancel, { order: replyTo.key }, { id: replyTo.key })
      }
      ctx.reply(replyTo, { ok })
    },
    confirm(_, { replyTo }: Confirm, ctx) {
      const held = ctx.activity(replyTo.key)
      const ok = held.settled === 'no' // else its time was over, and the goods went back
      if (ok) {
        held.settled = 'confirmed'
        ctx.cancel(Stock.cancel, replyTo.key)
      }
      ctx.reply(replyTo, { ok })
    },
    cancel(stock, { order }: { order: string }, ctx) {
      const held = ctx.activity(order)
      if (held.settled !== 'no') return
      stock.free += held.quantity
      held.settled = 'cancelled'
      ctx.cancel(Stock.cancel, order)
      ctx.send(Order.expire, order)
    },
  },
})
