/**
 * Transfers between 10,000 accounts: each is two messages to two entities, the second sent by the handler of the first. At one
 * worker and at two, where half of the transfers are read by the other worker than the account's, and half of the deposits are sent to it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { frames } from '../../examples/frames.ts'
import { random } from '../../examples/random.ts'
import { accountCount, accountName, paidIn } from '../support/accounts.ts'
import { inTurn, scale, timed } from '../support/measure.ts'
import { withFolder } from '../support/run-worker.ts'
import { steady, usualWindow } from '../support/steady.ts'

const count = Math.round(1_000_000 * scale)

function generate(): Uint8Array[] {
  const next = random(5)
  const account = (): number => Math.floor(next() * accountCount)
  return Array.from({ length: count }, () => {
    const bytes = new Uint8Array(12)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, account())
    view.setUint32(4, account())
    view.setUint32(8, 1 + Math.floor(next() * 100))
    return bytes
  })
}

/** The bare loop: the same names and the same two accounts of a Map. No durability, nothing that could be killed. */
function floor(transfers: readonly Uint8Array[]): number {
  const accounts = new Map(
    Array.from({ length: accountCount }, (_, i): [string, { balance: number }] => [
      accountName(i),
      { balance: paidIn },
    ]),
  )
  return timed(() => {
    for (const bytes of transfers) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const amount = view.getUint32(8)
      const from = accounts.get(accountName(view.getUint32(0)))!
      if (from.balance < amount) throw new Error('the floor refused a transfer: it measures something else')
      from.balance -= amount
      accounts.get(accountName(view.getUint32(4)))!.balance += amount
    }
  })
}

await withFolder(async (folder) => {
  const file = join(folder, 'transfers')
  const transfers = generate()
  writeFileSync(file, frames(transfers))
  const job = new URL('../support/jobs/transfers.ts', import.meta.url)
  const window = { ...usualWindow, warmRecords: accountCount }
  const run = async (workers: number, durability: 'disk' | 'process'): ReturnType<typeof steady> => {
    const done = await steady({ job, workers, durability, window, file, perSecond: 0 })
    if (done.messagesPerRecord < 1.8)
      throw new Error(`${done.messagesPerRecord} messages a transfer: something else than transfers was measured`)
    return done
  }
  floor(transfers)
  for (const durability of ['process', 'disk'] as const)
    await inTurn([
      { name: 'the floor of transfers', run: () => Promise.resolve({ perSecond: count / floor(transfers) }) },
      { name: `transfers, ${durability}, 1 worker`, run: () => run(1, durability) },
      { name: `transfers, ${durability}, 2 workers`, run: () => run(2, durability) },
    ])
})
