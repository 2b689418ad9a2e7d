import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { frames, unframe } from '../../examples/frames.ts'
import { generateEvents } from '../../examples/market-spread/generate.ts'
import { decodeEvent } from '../../examples/market-spread/layout.ts'
import { generateDeposits, generateTransfers } from '../../examples/transfers/generate.ts'
import { Account } from '../../examples/transfers/transfers.ts'
import { bankOf } from '../examples/support/bank-model.ts'
import { expectedRejections, rejectionsPerSymbol } from '../examples/support/market-model.ts'
import { runOnce, statesOf } from '../examples/support/run-once.ts'
import { test } from '../support/folder.ts'
import { program as bankJob } from './jobs/transfers.ts'
import { build } from './support/build.ts'
import { committedMoney } from './support/committed-money.ts'
import { GrowingFile } from './support/growing-file.ts'
import { data, input, output } from './support/job.ts'
import { killSeed, type KillPlan, runThroughKills } from './support/kills.ts'
import { countsOf, generateLines, perWord } from './support/words.ts'

const kills = 4
const timeout = 180_000
let built: string

beforeAll(async () => {
  built = await build(await mkdtemp(join(tmpdir(), 'millrace-built-')))
}, timeout)

afterAll(() => rm(built, { recursive: true, force: true }))

const plans = [
  ['2', () => 2],
  ['a changing number of', (life: number) => [1, 2, 4, 1, 4, 2][life % 6]!],
] as const

describe.each(plans)(`kill -9, seed ${killSeed}, with %s workers`, (name, workers) => {
  const survive = async (plan: Omit<KillPlan, 'kills' | 'task' | 'workers'> & { job: string; folder: string }) => {
    const { job, folder, ...rest } = plan
    const durability = name === '2' ? 'disk' : 'process'
    await runThroughKills({ ...rest, kills, workers, task: { built, job, folder, durability } })
  }

  test('word count: each word is counted from one up', { timeout }, async ({ folder }) => {
    const words = generateLines({ count: 12_000, seed: killSeed })
    const lines = frames(words.map((line) => Buffer.from(line)))
    const growing = new GrowingFile(input(folder, 'lines'), lines)
    await writeFile(input(folder, 'lines'), '')
    await survive({ job: 'word-count', folder, input: growing, stream: 31 })
    const counts = unframe(await readFile(output(folder, 'counts'))).map((frame) => Buffer.from(frame).toString())
    expect(perWord(counts)).toEqual(perWord(countsOf(words)))
  })

  test('market spread: the rejections of each symbol are those of an undisturbed run', { timeout }, async ({
    folder,
  }) => {
    const events = generateEvents({ count: 48_000, seed: killSeed })
    const growing = new GrowingFile(input(folder, 'events'), events)
    await writeFile(input(folder, 'events'), '')
    await survive({ job: 'market-spread', folder, input: growing, stream: 32 })
    const expected = expectedRejections(unframe(events).map(decodeEvent))
    expect(rejectionsPerSymbol(await readFile(output(folder, 'rejections')))).toEqual(expected.rejections)
  })

  test('transfers: at each commit all money is there, and each took effect once', { timeout }, async ({ folder }) => {
    const paidIn = 1_000_000
    const paid = generateDeposits({ paidIn })
    const moves = generateTransfers({ count: 24_000, seed: killSeed })
    await writeFile(input(folder, 'deposits'), paid)
    await writeFile(input(folder, 'transfers'), '')
    await runOnce(bankJob(folder, false), data(folder))
    const inspect = async (): Promise<void> => {
      const { inAccounts, onTheWay } = await committedMoney(data(folder))
      expect(inAccounts + onTheWay).toBe(100 * paidIn)
    }
    const growing = new GrowingFile(input(folder, 'transfers'), moves)
    await survive({ job: 'transfers', folder, input: growing, stream: 33, inspect })
    await inspect()
    const refusals = unframe(await readFile(output(folder, 'refusals'))).map(
      (frame) => JSON.parse(Buffer.from(frame).toString()) as { id: string },
    )
    const expected = bankOf(paid, moves)
    expect(refusals.map(({ id }) => id).toSorted()).toEqual([...expected.refused].toSorted())
    await runOne(folder)
    const states = await statesOf(bankJob(folder, false), data(folder), Account)
    expect(new Map([...states].map(([account, { balance }]) => [account, balance]))).toEqual(expected.balances)
  })

  /** One worker can be run here, and asked. */
  async function runOne(folder: string): Promise<void> {
    const nothing = new GrowingFile(input(folder, 'nothing'), new Uint8Array(0))
    const task = { built, job: 'transfers', folder, durability: 'process' } as const
    await runThroughKills({ task, kills: 0, workers: () => 1, input: nothing, stream: 34 })
  }
})
