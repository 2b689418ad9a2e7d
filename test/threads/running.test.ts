import { appendFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { bind, pipeline, type Program, run } from 'millrace'
import { describe, expect } from 'vitest'
import { maxWorkers } from '../../runtime/base/limits.ts'
import { test } from '../support/folder.ts'
import { bankIn, rising } from './support/bank-in.ts'

const slow = { timeout: 60_000 }
const orders = Array.from({ length: 3_000 }, (_, i) => ({ account: `a${i % 40}`, amount: 1 + (i % 5) }))
const moves = Array.from({ length: 2_000 }, (_, i) => ({ from: `a${i % 40}`, to: `a${(i * 7) % 40}`, amount: 1 }))

test('without a number, a file has a worker for each core, and a program in hand has one', slow, async ({ folder }) => {
  const bank = await bankIn(folder, orders)
  const running = await run(bank.url, { data: bank.data })
  const cores = Math.min(availableParallelism(), maxWorkers)
  expect(await running.scale(cores)).toEqual({ before: cores, workers: cores, pausedMs: 0 })
  await running.scale(1)
  await running.stop()
  const { default: program } = (await import(bank.url.href)) as { default: Program }
  const alone = await run(program, { data: bank.data })
  expect(await alone.scale(1)).toEqual({ before: 1, workers: 1, pausedMs: 0 })
  await alone.stop()
})

describe.each([1, 2])('a program on %s workers', slow, (workers) => {
  test('reads to the end, writes, stops, and goes on where it was when there is more', async ({ folder }) => {
    const bank = await bankIn(folder, orders)
    const running = await run(bank.url, { data: bank.data, once: true, workers })
    await running.done
    expect(running.stats()).toMatchObject({ read: 3_000, committed: 3_000, handled: 3_000, written: 3_000 })
    expect(await bank.written()).toEqual(rising(orders))
    await appendFile(join(folder, 'orders'), '{"account":"a1","amount":7}\n')
    const again = await run(bank.url, { data: bank.data, once: true, workers })
    await again.done
    expect(again.stats()).toMatchObject({ read: 1, committed: 1, written: 1 })
    expect(await bank.written()).toEqual(rising([...orders, { account: 'a1', amount: 7 }]))
  })

  test('can be sent to, asked and looked into', async ({ folder }) => {
    const bank = await bankIn(folder, orders, moves)
    const { Account } = bank
    const running = await run(bank.url, { data: bank.data, workers, durability: 'process' })
    for (let i = 0; i < 10; i++) await running.send(Account.order, `new${i}`, { account: `new${i}`, amount: i + 1 })
    expect(await running.ask(Account.audit, 'new7')).toBe(8)
    const twice = { account: 'new1', amount: 100 }
    expect(await running.ask(Account.order, 'new1', twice, { id: 'x' })).toEqual({ account: 'new1', balance: 102 })
    expect(await running.ask(Account.order, 'new1', twice, { id: 'x' })).toEqual({ account: 'new1', balance: 102 })
    expect(await running.get(Account, 'new1')).toEqual({ balance: 102 })
    expect(await running.get(Account, 'nobody')).toBeUndefined()
    await expect(running.ask(Account.order, 'new1', { account: 'new1', amount: -1 })).rejects.toMatchObject({
      code: 'MR_HANDLER_FAILED',
      message: expect.stringContaining(
        'account.order failed for key "new1": nobody orders less than nothing',
      ) as string,
      cause: { name: 'RangeError' },
    })
    await expect(running.send(Account.order, 5 as never, twice)).rejects.toMatchObject({ code: 'MR_KEY_INVALID' })
    await running.stop()
    const total = orders.reduce((sum, { amount }) => sum + amount, 0)
    const again = await run(bank.url, { data: bank.data, once: true, workers, durability: 'process' })
    await again.done
    const last = await run(bank.url, { data: bank.data, workers, durability: 'process' })
    const states = new Map<string, number>()
    for await (const [key, { balance }] of last.scan(Account)) states.set(key, balance)
    expect(states.size).toBe(50)
    expect([...states].filter(([key]) => key.startsWith('a')).reduce((sum, [, balance]) => sum + balance, 0)).toBe(
      total,
    )
    expect([states.get('new1'), states.get('new9')]).toEqual([102, 10])
    await last.stop()
    await expect(last.ask(Account.audit, 'new1')).rejects.toMatchObject({ code: 'MR_STOPPED' })
  })

  test('keeps what cannot be handled, and counts it', async ({ folder }) => {
    const bad = orders.map((order, i) => (i % 100 === 0 ? { ...order, amount: -1 } : order))
    const bank = await bankIn(folder, bad)
    const running = await run(bank.url, { data: bank.data, once: true, workers })
    await running.done
    expect(running.stats()).toMatchObject({ deadLetters: 30, written: 2_970 })
    expect(await bank.written()).toEqual(rising(bad.filter(({ amount }) => amount > 0)))
  })
})

describe('the number of workers', slow, () => {
  test('may change between runs, and nobody notices', async ({ folder }) => {
    let read: typeof orders = []
    const bank = await bankIn(folder, [], moves)
    for (const [i, workers] of [1, 4, 3].entries()) {
      const more = orders.map((order) => ({ ...order, amount: order.amount + i }))
      await appendFile(join(folder, 'orders'), more.map((order) => `${JSON.stringify(order)}\n`).join(''))
      read = [...read, ...more]
      const running = await run(bank.url, { data: bank.data, once: true, workers, durability: 'process' })
      await running.done
      expect(running.stats()).toMatchObject({ read: i === 0 ? 5_000 : 3_000, written: 3_000 })
    }
    const last = await run(bank.url, { data: bank.data, workers: 2 })
    let sum = 0
    for await (const [, { balance }] of last.scan(bank.Account)) sum += balance
    expect(sum).toBe(read.reduce((all, { amount }) => all + amount, 0))
    await last.stop()
  })

  test('needs a file that every thread can load, and is a whole number', async ({ folder }) => {
    const data = join(folder, 'data')
    const program = bind(
      pipeline('none', () => {}),
      [],
    )
    await expect(run(program, { data, workers: 2 })).rejects.toMatchObject({
      code: 'MR_PROGRAM_INVALID',
      message: expect.stringContaining('cannot run on 2 workers: its functions cannot travel') as string,
    })
    await expect(run(program, { data, workers: 0 })).rejects.toThrow(TypeError)
  })
})
