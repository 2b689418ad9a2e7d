/**
 * A bank. A transfer takes money from one account and sends it to another: the debit and the message are one commit, the
 * message takes effect once, so the total never changes but by what is paid in.
 *
 *   millrace run transfers.ts --in deposits=deposits.ndjson --in transfers=transfers.ndjson --out refusals=- --once
 */
import { z } from 'zod'
import { entity, json, pipeline, sink, source } from 'millrace'

const Amount = z.number().positive()
const Deposit = z.object({ account: z.string(), amount: Amount })
const Transfer = z.object({ id: z.string().optional(), from: z.string(), to: z.string(), amount: Amount })
const Refusal = z.object({ id: z.string().optional(), account: z.string(), refused: Amount })
export type Deposit = z.infer<typeof Deposit>
export type Transfer = z.infer<typeof Transfer>
export type Refusal = z.infer<typeof Refusal>

export const deposits = source('deposits', json(Deposit))
export const transfers = source('transfers', json(Transfer))
export const refusals = sink('refusals', json(Refusal), { key: (refusal) => refusal.account })

export const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    transfer(account, { id, to, amount }: Transfer, ctx) {
      if (account.balance < amount) return { id, account: ctx.key, refused: amount }
      account.balance -= amount
      ctx.send(Account.deposit, to, { amount })
    },
    deposit(account, { amount }: { amount: number }) {
      account.balance += amount
    },
    balance: (account) => account.balance,
  },
})

export const bank = pipeline('bank', ({ from }) => {
  from(deposits)
    .keyBy((deposit) => deposit.account)
    .to(Account.deposit)
  from(transfers)
    .keyBy((transfer) => transfer.from)
    .to(Account.transfer)
    .into(refusals)
})
export default bank
