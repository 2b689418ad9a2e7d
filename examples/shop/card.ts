import { entity } from 'millrace'
import type { Charge } from './messages.ts'

/** What one order has cost is the activity with that order: a refund gives back that much, once. */
export const Card = entity('card', {
  state: () => ({ limit: 1_000, charged: 0 }),
  activity: () => ({ amount: 0 }),
  on: {
    charge(card, { amount, replyTo }: Charge, ctx) {
      if (card.charged + amount > card.limit) {
        ctx.reply(replyTo, { ok: false, why: 'over the limit' })
        return
      }
      card.charged += amount
      ctx.activity(replyTo.key).amount = amount
      ctx.reply(replyTo, { ok: true })
    },
    refund(card, { order }: { order: string }, ctx) {
      const paid = ctx.activity(order)
      card.charged -= paid.amount
      paid.amount = 0
    },
  },
})
