import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect } from 'vitest'
import { test } from '../support/folder.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))
const modules = join(checkout, 'node_modules')
const run = promisify(execFile)

/** Without what this run of vitest tells its own children. */
const env = { ...process.env, NODE_OPTIONS: '', VITEST: undefined, VITEST_MODE: undefined, VITEST_WORKER_ID: undefined }

const pipelineFile = `
import { entity, json, pipeline, source } from 'millrace'

type Move = { from: string; to: string; amount: number }
export const payments = source('payments', json((raw) => raw as { account: string; amount: number }))
export const moves = source('moves', json((raw) => raw as Move))

export const Account = entity('account', {
  state: () => ({ balance: 0 }),
  on: {
    pay(account, { amount }: { amount: number }) {
      account.balance += amount
    },
    debit(account, { amount }: Move) {
      if (account.balance >= amount) account.balance -= amount
    },
  },
})

// The debit and the credit are two messages, and nothing ties them together.
export default pipeline('bank', ({ from }) => {
  from(payments).keyBy(({ account }) => account).to(Account.pay)
  from(moves).keyBy((move) => move.from).to(Account.debit)
  from(moves).keyBy(({ to }) => to).to(Account.pay)
})
`

const testFile = `
import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { check, conserved, harness, standard } from 'millrace/testing'
import { feed, scenarios } from 'millrace/testing/fast-check'
import bank, { Account, moves, payments } from './bank.ts'

test('a payment arrives', () => {
  const h = harness(bank)
  h.push(payments, { account: 'ann', amount: 5 })
  expect(h.state(Account, 'ann')).toEqual({ balance: 5 })
})

test('money is conserved', async () => {
  const money = conserved('money', {
    enters: (inputs) => inputs.of(payments).reduce((sum, { amount }) => sum + amount, 0),
    held: (run) => run.sum(Account, ({ balance }) => balance),
  })
  const inputs = [
    payments.from([{ account: 'ann', amount: 5 }, { account: 'bob', amount: 5 }]),
    moves.from([{ from: 'ann', to: 'bob', amount: 4 }, { from: 'ann', to: 'bob', amount: 4 }]),
  ]
  await check(bank, { inputs, mayDiffer: true, properties: [...standard, money] })
})

test('scenarios can be drawn', () => {
  expect(fc.sample(scenarios(bank, [feed(payments, fc.constant([]))]), 2)).toHaveLength(2)
})
`

describe('the package, as npm packs it', () => {
  test('finds a bug in a project of its own', { timeout: 300_000 }, async ({ folder }) => {
    const npm = (...args: string[]) => run('npm', args, { cwd: checkout, env })
    await npm('run', 'build')
    const packed = await npm('pack', '--silent', '--ignore-scripts', '--pack-destination', folder)
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'theirs', private: true, type: 'module' }))
    await npm(
      'install',
      '--prefix',
      folder,
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      join(folder, packed.stdout.trim()),
    )
    // Tools of the project: those of this checkout serve as well as fresh ones.
    for (const tool of ['vitest', 'fast-check', 'typescript'])
      await symlink(join(modules, tool), join(folder, 'node_modules', tool))
    await mkdir(join(folder, 'src'))
    await writeFile(join(folder, 'src', 'bank.ts'), pipelineFile)
    await writeFile(join(folder, 'src', 'bank.test.ts'), testFile)
    const vitest = join(modules, 'vitest', 'vitest.mjs')
    const failed = await run(process.execPath, [vitest, 'run', '--root', folder, '--reporter', 'json'], { env }).catch(
      (error: { stdout: string }) => error,
    )
    const report = JSON.parse(failed.stdout) as {
      testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[]
    }
    const results = report.testResults[0]!.assertionResults
    expect(results.map(({ title, status }) => [title, status])).toEqual([
      ['a payment arrives', 'passed'],
      ['money is conserved', 'failed'],
      ['scenarios can be drawn', 'passed'],
    ])
    const [message] = results[1]!.failureMessages
    expect(message).toContain('wrong: conserved(money)')
    expect(message).toContain('inputs: [payments.from([]), moves.from([{ ')
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--allowImportingTsExtensions', '--skipLibCheck']
    const types = [join(modules, 'typescript', 'bin', 'tsc'), ...options, join(folder, 'src', 'bank.test.ts')]
    await run(process.execPath, types, { env, cwd: folder })
  })
})
