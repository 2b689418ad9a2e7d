import type { Pipeline } from 'millrace'
import { entity, json, pipeline, sink, source } from 'millrace'

export interface Deposit {
  account: string
  amount: number
}

export const deposits = source(
  'deposits',
  json((raw) => raw as Deposit),
)
export const balances = sink(
  'balances',
  json((raw) => raw as { account: string; balance: number }),
)

export const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    deposit(account, { amount }: Deposit, ctx) {
      if (amount < 0) throw new RangeError('a deposit is not negative')
      account.balance += amount
      return { account: ctx.key, balance: account.balance }
    },
    audit: (account) => account.balance,
  },
})

export const bank: Pipeline = pipeline('bank', ({ from }) => {
  from(deposits)
    .keyBy((deposit) => deposit.account)
    .to(Account.deposit)
    .into(balances)
})

export function deposit(account: string, amount: number): Deposit {
  return { account, amount }
}
