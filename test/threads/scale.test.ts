import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind, pipeline, run } from 'millrace'
import { describe, expect } from 'vitest'
import type { LiveProgram } from '../../api/run/live-program.ts'
import type { ThreadShift } from '../../api/run/threads/thread-shift.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { type Bank, bankIn, rising } from './support/bank-in.ts'
import { begin } from './support/begin.ts'
import type { Order } from './support/dangerous-bank.ts'

const slow = { timeout: 90_000 }
const accounts = 40

/** So much waits to be read, at the most: a slow machine is not to be buried. */
const backlog = 1_000

/** Orders and moves that come for as long as somebody wants them. */
class Feed {
  readonly orders: Order[] = []
  #moves = 0
  readonly #folder: string
  readonly #live: LiveProgram
  #wanted = true
  readonly #ended: Promise<void>

  constructor(folder: string, live: LiveProgram) {
    this.#folder = folder
    this.#live = live
    this.#ended = this.#run()
  }

  get records(): number {
    return this.orders.length + this.#moves
  }

  async end(): Promise<void> {
    this.#wanted = false
    await this.#ended
  }

  async #run(): Promise<void> {
    for (let i = 0; this.#wanted; i++) {
      await eventually(() => !this.#wanted || this.records - this.#live.stats().committed < backlog)
      const orders = Array.from({ length: 300 }, (_, k) => ({ account: `a${(i + k) % accounts}`, amount: 1 + (k % 5) }))
      const moves = Array.from({ length: 100 }, (_, k) => ({ from: `b${k % 9}`, to: `b${(i * k) % 11}`, amount: 1 }))
      this.orders.push(...orders)
      this.#moves += moves.length
      await appendFile(join(this.#folder, 'orders'), lines(orders))
      await appendFile(join(this.#folder, 'moves'), lines(moves))
    }
  }
}

const lines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('')

/** Until something that came after now is committed. */
async function progress(live: LiveProgram, feed: Feed): Promise<void> {
  const now = feed.records
  await eventually(() => live.stats().committed > now)
}

async function balancesOf(live: LiveProgram, { Account }: Bank): Promise<Map<string, number>> {
  const balances = new Map<string, number>()
  for await (const [key, state] of live.scan(Account)) balances.set(key, (state as { balance: number }).balance)
  return balances
}

/** What is fed is handled, all of it, once. */
async function expectAll(live: LiveProgram, bank: Bank, feed: Feed): Promise<void> {
  await feed.end()
  await eventually(() => live.stats().committed >= feed.records)
  const expected = rising(feed.orders)
  const found = await balancesOf(live, bank)
  expect(live.stats()).toMatchObject({ read: feed.records, committed: feed.records })
  expect(new Map([...found].filter(([key]) => key.startsWith('a')))).toEqual(
    new Map([...expected].map(([key, list]) => [key, list.at(-1)!])),
  )
  expect([...found].reduce((sum, [key, balance]) => sum + (key.startsWith('b') ? balance : 0), 0)).toBe(0)
  await live.stop()
  expect(await bank.written()).toEqual(expected)
}

describe('another number of workers while it runs', slow, () => {
  test('1, 2, 4, 1: nothing is lost, comes twice, or fails', async ({ folder }) => {
    const bank = await bankIn(folder, [])
    const live = await begin(bank, { workers: 1, once: false, follow: true })
    const feed = new Feed(folder, live)
    const asking = new AbortController()
    const asked = (async () => {
      for (let balance = 1; !asking.signal.aborted; balance++) {
        const order = { account: 'caller', amount: 1 }
        expect(await live.ask(bank.Account.order, 'caller', order)).toMatchObject({ balance })
        expect(await live.get(bank.Account, 'caller')).toEqual({ balance })
      }
    })()
    for (const [before, workers] of [
      [1, 2],
      [2, 4],
      [4, 1],
    ] as const) {
      await progress(live, feed)
      expect(await live.scale(workers)).toEqual({ before, workers, pausedMs: expect.any(Number) as number })
      expect(live.workers).toBe(workers)
    }
    await progress(live, feed)
    asking.abort()
    await asked
    await expectAll(live, bank, feed)
  })

  test('a worker that dies again and again while it comes to rest is waited for', async ({ folder }) => {
    const bank = await bankIn(folder, [])
    const live = await begin(bank, { once: false, follow: true })
    const feed = new Feed(folder, live)
    await progress(live, feed)
    const { crew } = live.shift as ThreadShift
    const scaled = live.scale(3)
    await eventually(() => live.shift === undefined) // it drains
    crew.members[1]!.thread!.kill('the test wanted it')
    const next = crew.members[1]!.thread!
    await eventually(() => crew.members[1]!.thread !== next)
    crew.members[0]!.thread?.kill('the test wanted it')
    await scaled
    expect(live.workers).toBe(3)
    await progress(live, feed)
    await feed.end()
    await live.stop()
    await (await begin(bank, { workers: 3 })).done
    expect(await bank.written()).toEqual(rising(feed.orders))
  })

  test('one after the other; what cannot be is refused, and changes nothing', async ({ folder }) => {
    const bank = await bankIn(folder, [])
    const live = await begin(bank, { workers: 1, once: false })
    const refused = [0, 1.5, 65, Number.NaN].map((workers) => live.scale(workers))
    for (const one of refused) await expect(one).rejects.toThrow(TypeError)
    const both = [live.scale(2), live.scale(1), live.scale(1)]
    expect(await Promise.all(both)).toMatchObject([
      { before: 1, workers: 2 },
      { before: 2, workers: 1 },
      { before: 1, workers: 1, pausedMs: 0 },
    ])
    const stopped = live.stop()
    await expect(live.scale(2)).rejects.toMatchObject({ code: 'MR_STOPPED' })
    await stopped
    await expect(live.scale(2)).rejects.toMatchObject({ code: 'MR_STOPPED' })
  })

  test('stopped meanwhile: it stops, whatever the number is by then, and goes on with any', async ({ folder }) => {
    const bank = await bankIn(folder, [{ account: 'a', amount: 5 }])
    const live = await begin(bank, { workers: 1, once: false })
    const scaled = live.scale(2)
    await eventually(() => live.shift === undefined)
    await live.stop()
    await expect(scaled).rejects.toMatchObject({ code: 'MR_STOPPED' })
    await expect(live.get(bank.Account, 'a')).rejects.toMatchObject({ code: 'MR_STOPPED' })
    const again = await begin(bank, { once: false })
    expect(await again.get(bank.Account, 'a')).toEqual({ balance: 5 })
    await again.stop()
  })

  test('needs a file that every thread can load; the program goes on', async ({ folder }) => {
    const nothing = bind(
      pipeline('none', () => {}),
      [],
    )
    const running = await run(nothing, { data: join(folder, 'data') })
    await expect(running.scale(2)).rejects.toMatchObject({ code: 'MR_PROGRAM_INVALID' })
    expect(await running.scale(1)).toEqual({ before: 1, workers: 1, pausedMs: 0 })
    await running.stop()
  })
})
