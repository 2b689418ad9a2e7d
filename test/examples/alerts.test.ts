import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind, minutes, run } from 'millrace'
import type { Running } from 'millrace'
import { file } from 'millrace/files'
import { afterEach, describe, expect, vi } from 'vitest'
import program, { alerts, transactions, User } from '../../examples/alerts/alerts.ts'
import { context } from 'millrace/testing'
import { eventually } from '../support/eventually.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('alerts', () => {
  test('one warning until it is quiet, and the timer is moved by each transaction', () => {
    const user = { total: 1_500, warned: false }
    const ctx = context({ key: 'ann', now: 1_000 })
    expect(User.transaction(user, { user: 'ann', amount: 500 }, ctx)).toBeUndefined()
    expect(User.transaction(user, { user: 'ann', amount: 1 }, ctx)).toEqual({ kind: 'over', user: 'ann', total: 2_001 })
    expect(User.transaction(user, { user: 'ann', amount: 1 }, ctx)).toBeUndefined()
    expect(ctx.timers(User.quiet)).toMatchObject([{ atMs: 1_000 + 5 * minutes }])
    expect(User.quiet(user, undefined, ctx)).toEqual({ kind: 'quiet', user: 'ann', total: 2_002 })
    expect(user.warned).toBe(false)
  })

  test('a timer fires once, five minutes after the last transaction, whatever was restarted in between', async ({
    folder,
  }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let running = await open(folder)
    await pay(running, folder, { user: 'ann', amount: 2_500 })
    vi.setSystemTime(Date.now() + 4 * minutes)
    await pay(running, folder, { user: 'ann', amount: 1 })
    vi.setSystemTime(Date.now() + 4 * minutes)
    await pay(running, folder, { user: 'bob', amount: 1 })
    await eventually(async () => (await readAlerts(folder)).length > 0)
    expect(await readAlerts(folder)).toEqual([{ kind: 'over', user: 'ann', total: 2_500 }])
    await running.stop()
    vi.setSystemTime(Date.now() + 2 * minutes)
    running = await open(folder)
    await eventually(async () => (await readAlerts(folder)).length === 2)
    expect((await readAlerts(folder))[1]).toEqual({ kind: 'quiet', user: 'ann', total: 2_501 })
    expect(await running.get(User, 'ann')).toEqual({ total: 2_501, warned: false })
    await running.stop()
    running = await open(folder)
    await running.stop()
    expect(await readAlerts(folder)).toHaveLength(2)
  })

  test('who has not been heard of for an hour is forgotten', async ({ folder }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const running = await open(folder)
    await pay(running, folder, { user: 'ann', amount: 1 })
    vi.setSystemTime(Date.now() + 6 * minutes)
    await pay(running, folder, { user: 'bob', amount: 1 })
    await eventually(async () => (await readAlerts(folder)).length === 1)
    vi.setSystemTime(Date.now() + 61 * minutes)
    await pay(running, folder, { user: 'cid', amount: 1 })
    await eventually(async () => (await running.get(User, 'ann')) === undefined)
    expect(running.stats().deadLetters).toBe(0)
    await running.stop()
  })

  test('runs from the command line', slow, async ({ folder }) => {
    const input = join(folder, 'transactions')
    await writeFile(
      input,
      '{"user":"ann","amount":3000}\n{"user":"ann","amount":"many"}\n{"user":"bob","amount":-3000}\n',
    )
    const args = ['run', example('alerts/alerts.ts'), '--once', '--data', join(folder, 'data')]
    const { stdout } = await millrace(...args, '--in', `transactions=${input}`, '--out', 'alerts=-')
    expect(stdout.trimEnd().split('\n').sort()).toEqual([
      '{"kind":"over","user":"ann","total":3000}',
      '{"kind":"over","user":"bob","total":-3000}',
    ])
  })
})

async function open(folder: string): Promise<Running> {
  const input = join(folder, 'transactions')
  await appendFile(input, '')
  const ends = [transactions.from(file(input, { follow: true })), alerts.to(file(join(folder, 'alerts')))]
  return await run(bind(program, ends), { data: join(folder, 'data'), durability: 'process' })
}

/** Appends one transaction to the input, and waits until it has been handled for good. */
async function pay(running: Running, folder: string, transaction: { user: string; amount: number }): Promise<void> {
  const before = running.stats().committed
  await appendFile(join(folder, 'transactions'), `${JSON.stringify(transaction)}\n`)
  await eventually(() => running.stats().committed > before)
}

async function readAlerts(folder: string): Promise<unknown[]> {
  const text = await readFile(join(folder, 'alerts'), 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown)
}
