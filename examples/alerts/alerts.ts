/**
 * Warns once when somebody spends too much, and says when it has been quiet for five minutes: the timer is moved by each
 * transaction, and survives a restart. Who has not been heard of for an hour is forgotten.
 *
 *   millrace run alerts.ts --in transactions=transactions.ndjson --out alerts=-
 */
import { z } from 'zod'
import { entity, json, minutes, pipeline, sink, source } from 'millrace'

const Transaction = z.object({ user: z.string(), amount: z.number() })
const Alert = z.object({ kind: z.enum(['over', 'quiet']), user: z.string(), total: z.number() })
type Transaction = z.infer<typeof Transaction>

export const transactions = source('transactions', json(Transaction))
export const alerts = sink('alerts', json(Alert), { key: (alert) => alert.user })

export const User = entity('user', {
  ttlMs: 60 * minutes,
  state: () => ({ total: 0, warned: false }),
  on: {
    transaction(user, { amount }: Transaction, ctx) {
      user.total += amount
      ctx.after(5 * minutes, User.quiet)
      if (Math.abs(user.total) > 2_000 && !user.warned) {
        user.warned = true
        return { kind: 'over', user: ctx.key, total: user.total }
      }
    },
    quiet(user, _: void, ctx) {
      user.warned = false
      return { kind: 'quiet', user: ctx.key, total: user.total }
    },
  },
})

export default pipeline('alerts', ({ from }) => {
  from(transactions)
    .keyBy((transaction) => transaction.user)
    .to(User.transaction)
    .into(alerts)
  from(User.quiet).into(alerts)
})
