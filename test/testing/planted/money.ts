import { entity, json, pipeline, sink, source } from 'millrace'
import { conserved, effectivelyOnce, standard } from 'millrace/testing'
import type { Planted } from './planted.ts'

type Paid = { account: string; amount: number }
type Move = { id: number; from: string; to: string; amount: number }
export const payments = source(
  'payments',
  json((raw) => raw as Paid),
)
export const moves = source(
  'moves',
  json((raw) => raw as Move),
)
const names = ['ann', 'bob', 'cid']
const paidIn = names.map((account) => ({ account, amount: 10 }))
const moved = Array.from({ length: 9 }, (_, id) => ({ id, from: names[id % 3]!, to: names[(id + 1) % 3]!, amount: 7 }))
const inputs = [payments.from(paidIn), moves.from(moved)]

const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    pay(account, { amount }: { amount: number }) {
      account.balance += amount
    },
    debit(account, { amount }: Move) {
      if (account.balance >= amount) account.balance -= amount
    },
    transfer(account, { to, amount }: Move, ctx) {
      if (account.balance < amount) return
      account.balance -= amount
      ctx.send(Account.pay, to, { amount })
    },
    split(account, { amount, from, to }: Move, ctx) {
      if (account.balance < amount) return
      account.balance -= amount
      for (const half of [from, to]) ctx.send(Account.pay, half, { amount: Math.floor(amount / 2) })
    },
    splitFairly(account, { amount, from, to }: Move, ctx) {
      if (account.balance < amount) return
      account.balance -= amount
      const half = Math.floor(amount / 2)
      ctx.send(Account.pay, from, { amount: half })
      ctx.send(Account.pay, to, { amount: amount - half })
    },
  },
})
const money = conserved('money', {
  enters: (given) => given.of(payments).reduce((sum, { amount }) => sum + amount, 0),
  held: (run) => run.sum(Account, ({ balance }) => balance),
})
const options = { inputs, mayDiffer: true, properties: [...standard, money] }

function bankWith(handler: typeof Account.transfer) {
  return pipeline('bank', ({ from }) => {
    from(payments)
      .keyBy(({ account }) => account)
      .to(Account.pay)
    from(moves)
      .keyBy((move) => move.from)
      .to(handler)
  })
}

const updatesTwo: Planted = {
  bug: 'updates two entities as if in one transaction',
  property: 'conserved(money)',
  seeds: 3,
  records: 1,
  says: /money: 0 came in, and 7 is there in the end/,
  options,
  names: { Account },
  wrong: pipeline('bank', ({ from }) => {
    from(payments)
      .keyBy(({ account }) => account)
      .to(Account.pay)
    from(moves)
      .keyBy((move) => move.from)
      .to(Account.debit)
    from(moves)
      .keyBy(({ to }) => to)
      .to(Account.pay)
  }),
  right: bankWith(Account.transfer),
}

const losesPennies: Planted = {
  bug: 'rounds a half twice',
  property: 'conserved(money)',
  seeds: 5,
  records: 2,
  says: /money: 10 came in, and 9 is there in the end/,
  options,
  names: { Account },
  wrong: bankWith(Account.split),
  right: bankWith(Account.splitFairly),
}

/** A bank that answers: the order of payments and transfers decides who is refused. */
const refusals = sink(
  'refusals',
  json((raw) => raw as Move),
)
const Strict = entity('strict', {
  state: () => ({ balance: 0 }),
  on: {
    pay(account, { amount }: Paid) {
      account.balance += amount
    },
    move(account, move: Move) {
      if (account.balance < move.amount) return move
      account.balance -= move.amount
    },
  },
})
const Ledger = entity('strict', {
  state: () => ({ balance: 0 }),
  on: {
    pay(account, { amount }: Paid) {
      account.balance += amount
    },
    move(account, move: Move) {
      account.balance -= move.amount
    },
  },
})
const dependsOnOrder: Planted = {
  bug: 'depends on which of two sources comes first',
  property: 'sameAtAnyScale',
  seeds: 3,
  records: 2,
  says: /in one order:\n {2}1\. payments\[0\] -> pay [\s\S]*and in the other:\n {2}1\. moves\[0\] -> move/,
  options: { inputs },
  wrong: pipeline('strict', ({ from }) => {
    from(payments)
      .keyBy(({ account }) => account)
      .to(Strict.pay)
    from(moves)
      .keyBy((move) => move.from)
      .to(Strict.move)
      .into(refusals)
  }),
  right: pipeline('strict', ({ from }) => {
    from(payments)
      .keyBy(({ account }) => account)
      .to(Ledger.pay)
    from(moves)
      .keyBy((move) => move.from)
      .to(Ledger.move)
  }),
}

type Balance = { account: string; amount: number }
export const board = sink(
  'board',
  json((raw) => raw as Balance),
  { key: ({ account }) => account },
)
const Teller = entity('teller', {
  state: () => ({ balance: 0 }),
  on: {
    change(teller, { account, amount }: Paid) {
      teller.balance += amount
      return { account, amount }
    },
    total(teller, { account, amount }: Paid) {
      teller.balance += amount
      return { account, amount: teller.balance }
    },
  },
})
const twelve = payments.from(Array.from({ length: 12 }, (_, i) => ({ account: names[i % 3]!, amount: 1 + i })))
const boardWith = (handler: typeof Teller.total) =>
  pipeline('balances', ({ from }) => {
    from(payments)
      .keyBy(({ account }) => account)
      .to(handler)
      .into(board)
  })
/** What both readers want to know: how much everybody has. */
export const last = (outputs: readonly Balance[]) => new Map(outputs.map(({ account, amount }) => [account, amount]))
const sums = (outputs: readonly Balance[]) => {
  const sum = new Map<string, number>()
  for (const { account, amount } of outputs) sum.set(account, (sum.get(account) ?? 0) + amount)
  return sum
}
const repeatable = { inputs: [twelve], atLeastOnce: [board], faults: ['crash', 'sink'] as const }
const forgetsIdempotence: Planted = {
  bug: 'adds up what an at-least-once sink may repeat',
  property: 'effectivelyOnce(board)',
  seeds: 10,
  records: 1,
  says: /sink board repeats \d+ outputs, and its reader makes .* of them instead of/,
  options: { ...repeatable, properties: [effectivelyOnce(board, { reads: sums })] },
  names: { board },
  wrong: boardWith(Teller.change),
  right: boardWith(Teller.total),
}

export const transactions: readonly Planted[] = [updatesTwo, losesPennies, dependsOnOrder, forgetsIdempotence]
