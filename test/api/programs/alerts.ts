import { entity, json, minutes, pipeline, sink, source } from 'millrace'

type Transaction = { user: string; amount: number }
type Alert = { kind: 'over' | 'quiet'; user: string; total: number }

export const transactions = source(
  'transactions',
  json((raw) => raw as Transaction),
)
export const alerts = sink(
  'alerts',
  json((raw) => raw as Alert),
)

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
