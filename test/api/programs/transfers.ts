import { entity, json, pipeline, sink, source } from 'millrace'

export type Transfer = { from: string; to: string; amount: number }

export const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    transfer(account, { to, amount }: Transfer, ctx) {
      if (account.balance < amount) return { refused: amount, account: ctx.key }
      account.balance -= amount
      ctx.send(Account.deposit, to, { amount }) // leaves with the debit or not at all; takes effect once
    },
    deposit(account, { amount }: { amount: number }) {
      account.balance += amount
    },
    balance: (account) => account.balance,
  },
})

export const transfers = source(
  'transfers',
  json((raw) => raw as Transfer),
)
export const refusals = sink(
  'refusals',
  json((raw) => raw as { refused: number; account: string }),
)

export const bank = pipeline('bank', ({ from }) => {
  from(transfers)
    .keyBy((transfer) => transfer.from)
    .to(Account.transfer)
    .into(refusals)
})
export default bank
