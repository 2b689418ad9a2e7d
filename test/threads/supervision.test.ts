import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { ThreadShift } from '../../api/run/threads/thread-shift.ts'
import { shardOf } from '../../runtime/base/hash.ts'
import { defaultShardCount } from '../../runtime/base/limits.ts'
import { Prng } from '../../runtime/base/prng.ts'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { appendMoves, appendOrders, bankIn, rising } from './support/bank-in.ts'
import { begin } from './support/begin.ts'
import type { Order } from './support/dangerous-bank.ts'

const slow = { timeout: 90_000 }
const many: Order[] = Array.from({ length: 4_000 }, (_, i) => ({ account: `a${i % 40}`, amount: 1 + (i % 5) }))

function withDanger(danger: Order['danger'], always: boolean): Order[] {
  return many.map((order, i) => (i === 2_000 ? { ...order, danger, always } : order))
}

describe('a worker thread that dies', slow, () => {
  test('in every way, once each: another takes its place, its neighbour goes on, and nothing is lost or comes twice', async ({
    folder,
  }) => {
    expect(
      ['a39', 'n0'].map((key) => shardOf(key, defaultShardCount) % 2),
      'the one that dies, and its neighbour',
    ).toEqual([0, 1])
    // What is thrown later comes last: it is when the batch is handled, and another danger of the same batch would come first.
    const ways = ['exit', 'loop', 'exhaust', 'throw-later'] as const
    const orders = many.map((order, i) => (i % 800 === 799 ? { ...order, danger: ways[(i - 799) / 800] } : order))
    const bank = await bankIn(folder, orders)
    const notices: string[] = []
    const live = await begin(bank, { heapMb: 96, notice: (text) => notices.push(text) })
    const answersIn = (async () => {
      let answers = 0
      await eventually(() => existsSync(join(folder, 'survived-loop')))
      while (answers < 20 && !notices.some((text) => text.includes('progress')))
        if ((await live.get(bank.Account, 'n0')) === undefined) answers += 1
      return answers
    })()
    await live.done
    expect(await bank.written()).toEqual(rising(orders))
    expect(await answersIn).toBeGreaterThan(10)
    const died = (way: string): RegExp =>
      new RegExp(`^worker 0 has died over orders>account\\.order of key "a39", message .*"danger":"${way}".*: `)
    expect(notices).toHaveLength(4)
    expect(notices[0]).toMatch(
      new RegExp(`${died('exit').source}it was ended with exit code 3. Another thread goes on`),
    )
    expect(notices[1]).toMatch(new RegExp(`${died('loop').source}it made no progress for 2 s`))
    expect(notices[2]).toContain('memory limit')
    expect(notices[3]).toContain('worker 0 has died: thrown where nobody catches')
  })

  test('every time over the same message: it gives up, and names what it was', async ({ folder }) => {
    const bank = await bankIn(folder, withDanger('exit', true))
    const outcome = begin(bank).then((live) => live.done)
    await expect(outcome).rejects.toMatchObject({
      code: 'MR_WORKER_LOST',
      message: expect.stringMatching(
        /orders>account\.order.* of key "a0", message .*: it was ended with exit code 3/,
      ) as string,
    })
    await writeFile(join(folder, 'corrected'), '')
    await (await begin(bank)).done
    expect(await bank.written()).toEqual(rising(many))
  })

  test('in an endless loop, every time: likewise', async ({ folder }) => {
    const bank = await bankIn(folder, withDanger('loop', true))
    const outcome = begin(bank).then((live) => live.done)
    await expect(outcome).rejects.toMatchObject({
      code: 'MR_WORKER_LOST',
      message: expect.stringMatching(/ of key "a0", message .*: it made no progress for 2 s/) as string,
    })
  })

  test('leaves no question unanswered', async ({ folder }) => {
    const bank = await bankIn(folder, [])
    const { Account } = bank
    const live = await begin(bank, { once: false })
    await live.send(Account.order, 'a', { account: 'a', amount: 5 })
    const fatal: Order = { account: 'a', amount: 1, danger: 'exit' }
    const lost = live.send(Account.order, 'a', fatal)
    const named = live.send(Account.order, 'a', { account: 'a', amount: 10 }, { id: 'ten' })
    await expect(lost).rejects.toMatchObject({ code: 'MR_STOPPED', certain: false })
    await named
    expect(await live.get(Account, 'a')).toEqual({ balance: 15 })
    await live.stop()
  })
})

test('threads that are killed at random moments', slow, async ({ folder }) => {
  const moves = Array.from({ length: 4_000 }, (_, i) => ({ from: `b${i % 40}`, to: `b${(i * 7) % 40}`, amount: 1 }))
  const rounds = 7
  const bank = await bankIn(folder, [])
  const notices: string[] = []
  const live = await begin(bank, { once: false, follow: true, notice: (text) => notices.push(text) })
  const { members } = (live.shift as ThreadShift).crew
  const prng = new Prng(0, 6)
  for (let round = 0; round < rounds; round++) {
    const member = members[round % 2]!
    await eventually(() => member.thread !== undefined)
    const killed = member.thread!
    // There is work for both: some of it is read, or some of it is durable.
    const { commits } = member.counts
    const { read } = live.stats()
    const wanted = prng.chance(0.5) ? () => live.stats().read > read : () => member.counts.commits > commits
    await appendOrders(folder, many)
    await appendMoves(folder, moves)
    await eventually(wanted)
    killed.kill('the test wanted it')
    await eventually(() => member.thread !== killed)
  }
  await live.stop()
  expect(notices.filter((text) => text.includes('has died')).length).toBe(rounds)
  await (await begin(bank)).done
  const orders = Array.from({ length: rounds }, () => many).flat()
  expect(await bank.written()).toEqual(rising(orders))
  const again = await begin(bank, { once: false })
  let sum = 0
  for await (const [, state] of again.scan(bank.Account)) sum += (state as { balance: number }).balance
  expect(sum).toBe(orders.reduce((all, { amount }) => all + amount, 0))
  await again.stop()
})
