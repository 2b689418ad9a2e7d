import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Binding } from 'millrace'
import { bind, run } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import { generateDeposits, generateTransfers } from '../../examples/transfers/generate.ts'
import { Account, bank, deposits, refusals, transfers } from '../../examples/transfers/transfers.ts'
import { context } from 'millrace/testing'
import { bankOf, readRefusals, settle } from './support/bank-model.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'
import { runOnce, statesOf } from './support/run-once.ts'

describe('transfers', () => {
  test('a transfer is a debit and a message, or a refusal', () => {
    const alice = { balance: 10 }
    const ctx = context({ key: 'alice' })
    expect(Account.transfer(alice, { id: 't1', from: 'alice', to: 'bob', amount: 4 }, ctx)).toBeUndefined()
    expect(alice).toEqual({ balance: 6 })
    expect(ctx.sent(Account.deposit)).toEqual([{ key: 'bob', message: { amount: 4 } }])
    const refusal = { id: 't2', account: 'alice', refused: 7 }
    expect(Account.transfer(alice, { id: 't2', from: 'alice', to: 'bob', amount: 7 }, ctx)).toEqual(refusal)
    expect(alice).toEqual({ balance: 6 })
  })

  test('with enough money in every account, balances and refusals are those of the plain functions', async ({
    folder,
  }) => {
    const paidIn = generateDeposits()
    const moved = generateTransfers({ count: 20_000, seed: 1 })
    const { refused, balances } = await runBank(folder, paidIn, moved)
    const expected = bankOf(paidIn, moved)
    expect(balances).toEqual(expected.balances)
    expect(new Set(refused.map(({ id }) => id))).toEqual(new Set(expected.refused))
    expect(refused).toHaveLength(expected.refused.length)
  })

  test('with little money, who is refused is open, but no money is made or lost', async ({ folder }) => {
    const paidIn = generateDeposits({ paidIn: 50 })
    const moved = generateTransfers({ count: 20_000, seed: 2 })
    const { refused, balances } = await runBank(folder, paidIn, moved)
    expect(refused.length).toBeGreaterThan(2_000)
    expect(balances).toEqual(settle(paidIn, moved, refused))
    expect([...balances.values()].reduce((sum, balance) => sum + balance)).toBe(100 * 50)
    expect(Math.min(...balances.values())).toBeGreaterThanOrEqual(0)
  })

  test('the same from the command line, in lines of JSON', slow, async ({ folder }) => {
    const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
    const paidIn = join(folder, 'deposits.ndjson')
    const moved = join(folder, 'transfers.ndjson')
    await writeFile(paidIn, lines({ account: 'alice', amount: 10 }))
    await writeFile(
      moved,
      lines({ id: 't1', from: 'alice', to: 'bob', amount: 11 }, { from: 'alice', to: 'bob', amount: -1 }),
    )
    const args = ['run', example('transfers/transfers.ts'), '--once', '--data', join(folder, 'data')]
    args.push('--in', `deposits=${paidIn}`, '--in', `transfers=${moved}`, '--out', 'refusals=-')
    const { stdout } = await millrace(...args)
    expect(stdout).toBe(lines({ id: 't1', account: 'alice', refused: 11 }))
    const letters = await millrace('dead-letters', 'list', '--data', join(folder, 'data'))
    expect(letters.stdout).toContain('transfers')
  })

  test('a running bank is asked for a balance, and given money once', async ({ folder }) => {
    const ends = [deposits.from([{ account: 'alice', amount: 10 }]), transfers.from([])]
    const running = await run(bound(folder, ends), { data: join(folder, 'data'), durability: 'process' })
    await running.send(Account.deposit, 'bob', { amount: 5 }, { id: 'gift' })
    await running.send(Account.deposit, 'bob', { amount: 5 }, { id: 'gift' })
    expect(await running.ask(Account.balance, 'bob')).toBe(5)
    expect(await running.get(Account, 'bob')).toEqual({ balance: 5 })
    expect(await running.get(Account, 'nobody')).toBeUndefined()
    expect(await running.ask(Account.transfer, 'bob', { id: 't', from: 'bob', to: 'alice', amount: 6 })).toEqual({
      id: 't',
      account: 'bob',
      refused: 6,
    })
    await running.stop()
  })
})

function bound(folder: string, sources: readonly Binding[]) {
  return bind(bank, [...sources, refusals.to(file(join(folder, 'refusals.ndjson')))])
}

/** Pays in first, then makes the transfers. */
async function runBank(folder: string, paidIn: Uint8Array, moved: Uint8Array) {
  const framing = 'u32'
  const data = join(folder, 'data')
  const paths = { deposits: join(folder, 'deposits.msg'), transfers: join(folder, 'transfers.msg') }
  const program = bound(folder, [
    deposits.from(file(paths.deposits, { framing })),
    transfers.from(file(paths.transfers, { framing })),
  ])
  await writeFile(paths.deposits, paidIn)
  await writeFile(paths.transfers, '')
  await runOnce(program, data)
  await writeFile(paths.transfers, moved)
  await runOnce(program, data)
  const refused = readRefusals(await readFile(join(folder, 'refusals.ndjson'), 'utf8'))
  const states = await statesOf(program, data, Account)
  return { refused, balances: new Map([...states].map(([account, { balance }]) => [account, balance])) }
}
