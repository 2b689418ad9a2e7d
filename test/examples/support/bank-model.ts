import { unframe } from '../../../examples/frames.ts'
import type { Deposit, Refusal, Transfer } from '../../../examples/transfers/transfers.ts'
import { Account } from '../../../examples/transfers/transfers.ts'
import { context } from 'millrace/testing'

/** Balances and refused transfers, had the handlers been called in the order of the input. */
export function bankOf(paidIn: Uint8Array, moved: Uint8Array): { balances: Map<string, number>; refused: string[] } {
  const accounts = new Map<string, { balance: number }>()
  const refused: string[] = []
  const accountOf = (key: string): { balance: number } => {
    let account = accounts.get(key)
    if (account === undefined) accounts.set(key, (account = { balance: 0 }))
    return account
  }
  for (const { account, amount } of parse<Deposit>(paidIn)) Account.deposit(accountOf(account), { amount })
  for (const transfer of parse<Transfer>(moved)) {
    const ctx = context({ key: transfer.from })
    const refusal = Account.transfer(accountOf(transfer.from), transfer, ctx)
    if (refusal !== undefined) refused.push(transfer.id!)
    for (const { key, message } of ctx.sent(Account.deposit)) Account.deposit(accountOf(key), message)
  }
  return { balances: new Map([...accounts].map(([key, { balance }]) => [key, balance])), refused }
}

/** What the balances must be when exactly these transfers were refused. Throws when one was refused twice, or was never asked for. */
export function settle(paidIn: Uint8Array, moved: Uint8Array, refusals: readonly Refusal[]): Map<string, number> {
  const balances = new Map<string, number>()
  const add = (account: string, amount: number) => balances.set(account, (balances.get(account) ?? 0) + amount)
  for (const { account, amount } of parse<Deposit>(paidIn)) add(account, amount)
  const refused = new Map(refusals.map((refusal) => [refusal.id, refusal]))
  if (refused.size !== refusals.length) throw new Error('a transfer was refused twice')
  for (const { id, from, to, amount } of parse<Transfer>(moved)) {
    const refusal = refused.get(id)
    refused.delete(id)
    if (refusal === undefined) {
      add(from, -amount)
      add(to, amount)
    } else if (refusal.account !== from || refusal.refused !== amount)
      throw new Error(`the refusal of ${id} is not its own`)
  }
  if (refused.size > 0) throw new Error('something was refused that nobody asked for')
  return balances
}

export function readRefusals(lines: string): Refusal[] {
  return lines === ''
    ? []
    : lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Refusal)
}

function parse<T>(frames: Uint8Array): T[] {
  return unframe(frames).map((frame) => JSON.parse(new TextDecoder().decode(frame)) as T)
}
