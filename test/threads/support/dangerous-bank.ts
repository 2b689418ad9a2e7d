/** A bank whose environment says where its files are. Some of its messages end the thread that handles them. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bind, entity, json, pipeline, type Program, sink, source } from 'millrace'
import { file } from 'millrace/files'

export interface Order {
  account: string
  amount: number
  /** What it does to its thread the first time, or every time. */
  danger?: 'exit' | 'throw-later' | 'loop' | 'exhaust' | undefined
  always?: boolean
}

const folder = process.env['MILLRACE_TEST_FOLDER']!
export const orders = source(
  'orders',
  json((raw) => raw as Order),
)
export const moves = source(
  'moves',
  json((raw) => raw as { from: string; to: string; amount: number }),
)
export const balances = sink(
  'balances',
  json((raw) => raw as { account: string; balance: number }),
)

export const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    order(account, { amount, danger, always }: Order, ctx) {
      if (danger !== undefined) endanger(danger, always === true)
      if (amount < 0) throw new RangeError('nobody orders less than nothing')
      account.balance += amount
      return { account: ctx.key, balance: account.balance }
    },
    move(account, { to, amount }: { to: string; amount: number }, ctx) {
      account.balance -= amount
      ctx.send(Account.take, to, { amount })
    },
    take(account, { amount }: { amount: number }) {
      account.balance += amount
    },
    audit: (account) => account.balance,
  },
})

function endanger(danger: NonNullable<Order['danger']>, always: boolean): void {
  const mark = join(folder, `survived-${danger}`)
  if (existsSync(join(folder, 'corrected')) || (existsSync(mark) && !always)) return
  writeFileSync(mark, '')
  if (danger === 'exit') process.exit(3)
  if (danger === 'throw-later') {
    queueMicrotask(() => {
      throw new Error('thrown where nobody catches')
    })
  } else if (danger === 'exhaust') {
    const hoard: number[][] = []
    for (;;) hoard.push(new Array<number>(100_000).fill(1.5))
  } else for (;;);
}

const bank = pipeline('bank', ({ from }) => {
  from(orders)
    .keyBy((order) => order.account)
    .to(Account.order)
    .into(balances)
  from(moves)
    .keyBy((move) => move.from)
    .to(Account.move)
})

const program: Program = bind(bank, [
  orders.from(file(join(folder, 'orders'))),
  moves.from(file(join(folder, 'moves'))),
  balances.to(file(join(folder, 'balances'))),
])
export default program
