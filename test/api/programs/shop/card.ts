import { entity } from 'millrace'
import type { Charge } from './messages.ts'

export const Card = entity('card', {
  state: () => ({ limit: 1_000, charged: 0 }),
  activity: () => ({ amount: 0 }),
  on: {
    charge(card, { amount, replyTo }: Charge, ctx) {
      const ok = card.charged + amount <= card.limit
      if (ok) {
        card.charged += amount
        ctx.activity(replyTo.key).amount = amount
      }
      ctx.reply(replyTo, ok ? { ok } : { ok, why: 'over the limit' })
    },
    refund(card, { order }: { order: string }, ctx) {
      card.charged -= ctx.activity(order).amount
      ctx.activity(order).amount = 0
    },
  },
})
