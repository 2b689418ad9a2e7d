import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account as AccountType, Order } from './dangerous-bank.ts'

export interface Bank {
  readonly url: URL
  readonly data: string
  readonly Account: typeof AccountType
  /** The outputs of each account, in their order. */
  written(): Promise<Map<string, number[]>>
}

interface Move {
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** The bank of support/dangerous-bank.ts with its files in this folder. Threads load it, and so does whoever asks it. */
export async function bankIn(folder: string, orders: readonly Order[], moves: readonly Move[] = []): Promise<Bank> {
  await writeFile(join(folder, 'orders'), linesOf(orders))
  await writeFile(join(folder, 'moves'), linesOf(moves))
  const url = new URL('./dangerous-bank.ts', import.meta.url)
  process.env['MILLRACE_TEST_FOLDER'] = folder
  url.search = new URLSearchParams({ folder }).toString() // a copy of its own in this thread
  const { Account } = (await import(url.href)) as { Account: typeof AccountType }
  return {
    url,
    data: join(folder, 'data'),
    Account,
    written: async () => {
      const all = new Map<string, number[]>()
      const text = await readFile(join(folder, 'balances'), 'utf8').catch(() => '')
      for (const line of text.split('\n').filter(Boolean)) {
        const { account, balance } = JSON.parse(line) as { account: string; balance: number }
        all.set(account, [...(all.get(account) ?? []), balance])
      }
      return all
    },
  }
}

export async function appendOrders(folder: string, orders: readonly Order[]): Promise<void> {
  await appendFile(join(folder, 'orders'), linesOf(orders))
}

export async function appendMoves(folder: string, moves: readonly Move[]): Promise<void> {
  await appendFile(join(folder, 'moves'), linesOf(moves))
}

function linesOf(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** What every account has after each of its orders. */
export function rising(orders: readonly Order[]): Map<string, number[]> {
  const all = new Map<string, number[]>()
  for (const { account, amount } of orders) {
    const before = all.get(account) ?? []
    all.set(account, [...before, (before.at(-1) ?? 0) + amount])
  }
  return all
}
