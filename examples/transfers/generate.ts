/**
 * Money for a hundred accounts, and transfers between them. The same seed gives the same bytes: JSON, each record framed by its
 * length in four bytes. One transfer in twenty asks for more than there is in the whole bank, and is refused whatever else
 * happens; with `paidIn` large enough, no other one is.
 */
import { frames } from '../frames.ts'
import { random } from '../random.ts'
import type { Deposit, Transfer } from './transfers.ts'

const accountCount = 100
const mostPaidIn = 1_000_000

export function generateDeposits({ paidIn = mostPaidIn }: { paidIn?: number } = {}): Uint8Array {
  return encode(Array.from({ length: accountCount }, (_, i) => ({ account: account(i), amount: paidIn })))
}

export function generateTransfers({ count, seed }: { count: number; seed: number }): Uint8Array {
  const next = random(seed)
  const below = (limit: number) => Math.floor(next() * limit)
  const list: Transfer[] = []
  for (let i = 0; i < count; i++) {
    const greedy = next() < 0.05
    list.push({
      id: `t${i}`,
      from: account(below(accountCount)),
      to: account(below(accountCount)),
      amount: greedy ? accountCount * mostPaidIn + 1 : 1 + below(100),
    })
  }
  return encode(list)
}

function account(index: number): string {
  return `account-${index}`
}

function encode(values: (Deposit | Transfer)[]): Uint8Array {
  const encoder = new TextEncoder()
  return frames(values.map((value) => encoder.encode(JSON.stringify(value))))
}
