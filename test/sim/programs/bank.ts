import { encoding, entity, json, pipeline, sink, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

type Transfer = { from: string; to: string; amount: number }

const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    open(account, { amount }: { key: string; amount: number }) {
      account.balance += amount
    },
    transfer(account, { to, amount }: Transfer, ctx) {
      if (account.balance < amount) return { refused: amount, account: ctx.key }
      account.balance -= amount
      ctx.send(Account.deposit, to, { amount })
    },
    deposit(account, { amount }: { amount: number }) {
      account.balance += amount
    },
  },
})

const openings = source(
  'openings',
  json((raw) => raw as { key: string; amount: number }),
)
const transfers = source(
  'transfers',
  json((raw) => raw as Transfer),
)
const refusals = sink(
  'refusals',
  encoding((refusal: { refused: number; account: string }) => JSON.stringify(refusal)),
)

const bank = pipeline('bank', ({ from }) => {
  from(openings)
    .keyBy((opening) => opening.key)
    .to(Account.open)
  from(transfers)
    .keyBy((transfer) => transfer.from)
    .to(Account.transfer)
    .into(refusals)
})

/** Transfers between accounts, with refusals. Money is neither made nor lost, at any commit. */
export function transfersOf(prng: Prng): SimProgram {
  const accounts = Array.from({ length: 1 + prng.below(8) }, (_, i) => `account-${i}`)
  const paidIn = accounts.map((key) => ({ key, amount: prng.below(200) }))
  const moves = Array.from({ length: prng.below(60) }, () => ({
    from: prng.pick(accounts),
    to: prng.pick(accounts),
    amount: 1 + prng.below(50),
  }))
  return {
    name: 'transfers',
    plans: [compile(bank)],
    codec: createCodec(),
    inputs: [
      { source: 'openings', partitions: [paidIn.map(bytesOf)] },
      { source: 'transfers', partitions: dealt(moves.map(bytesOf), 1 + prng.below(3)) },
    ],
    invariants: [
      {
        name: 'no money is made',
        check(view) {
          let sum = 0
          for (const [, state] of view.entities('account')) sum += (state as { balance: number }).balance
          for (const { message } of view.underWay()) sum += (message as { amount: number }).amount
          const total = paidIn.reduce((total, { amount }) => total + amount, 0)
          return sum > total ? `there are ${sum} of ${total}` : undefined
        },
      },
    ],
  }
}
