import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { frames, unframe } from '../../examples/frames.ts'
import { generateEvents } from '../../examples/market-spread/generate.ts'
import { decodeEvent } from '../../examples/market-spread/layout.ts'
import { Market } from '../../examples/market-spread/market.ts'
import { generateDeposits, generateTransfers } from '../../examples/transfers/generate.ts'
import { Account, type Refusal } from '../../examples/transfers/transfers.ts'
import { Word } from '../../examples/word-count/word-count.ts'
import { bankOf, settle } from '../examples/support/bank-model.ts'
import { test } from '../support/folder.ts'
import { expectedRejections, rejectionsPerSymbol } from '../examples/support/market-model.ts'
import { runOnce, statesOf } from '../examples/support/run-once.ts'
import { program as marketJob } from './jobs/market-spread.ts'
import { program as bankJob } from './jobs/transfers.ts'
import { program as wordsJob } from './jobs/word-count.ts'
import { build } from './support/build.ts'
import { committedMoney } from './support/committed-money.ts'
import { data, input, output } from './support/job.ts'
import { GrowingFile } from './support/growing-file.ts'
import { killSeed, type KillPlan, runThroughKills } from './support/kills.ts'
import { countsOf, generateLines, perWord } from './support/words.ts'

const kills = 4
const timeout = 120_000
let built: string
let killed = 0

beforeAll(async () => {
  built = await build(await mkdtemp(join(tmpdir(), 'millrace-built-')))
}, timeout)

afterAll(async () => {
  console.log(`${killed} processes were killed; again with MILLRACE_KILL_SEED=${killSeed}`)
  await rm(built, { recursive: true, force: true })
})

describe.each(['process', 'disk'] as const)(`kill -9, seed ${killSeed}, durability %s`, (durability) => {
  const survive = async (plan: Omit<KillPlan, 'kills' | 'task'> & { job: string; folder: string }) => {
    const { job, folder, ...rest } = plan
    const stream = rest.stream + (durability === 'disk' ? 10 : 0)
    await runThroughKills({ ...rest, stream, kills, task: { built, job, folder, durability } })
    killed += kills
  }

  test('word count: each word is counted from one up, as in an undisturbed run', { timeout }, async ({ folder }) => {
    const [calm, killed] = await bothFolders(folder)
    const words = generateLines({ count: 16_000, seed: killSeed })
    const lines = frames(words.map((line) => Buffer.from(line)))
    await writeFile(input(calm, 'lines'), lines)
    await runOnce(wordsJob(calm, false), data(calm))
    await survive({
      job: 'word-count',
      folder: killed,
      input: new GrowingFile(input(killed, 'lines'), lines),
      stream: 1,
    })
    const outputs = async (folder: string) =>
      perWord(unframe(await readFile(output(folder, 'counts'))).map((frame) => Buffer.from(frame).toString()))
    const states = async (folder: string) => await statesOf(wordsJob(folder, false), data(folder), Word)
    expect(await outputs(calm)).toEqual(perWord(countsOf(words)))
    expect(await outputs(killed)).toEqual(perWord(countsOf(words)))
    expect(await states(killed)).toEqual(await states(calm))
  })

  test('market spread: the rejections of each symbol are those of an undisturbed run', { timeout }, async ({
    folder,
  }) => {
    const [calm, killed] = await bothFolders(folder)
    const events = generateEvents({ count: 64_000, seed: killSeed })
    await writeFile(input(calm, 'events'), events)
    await runOnce(marketJob(calm, false), data(calm))
    await survive({
      job: 'market-spread',
      folder: killed,
      input: new GrowingFile(input(killed, 'events'), events),
      stream: 2,
    })
    const outputs = async (folder: string) => rejectionsPerSymbol(await readFile(output(folder, 'rejections')))
    const expected = expectedRejections(unframe(events).map(decodeEvent))
    expect(await outputs(calm)).toEqual(expected.rejections)
    expect(await outputs(killed)).toEqual(expected.rejections)
    expect(await statesOf(marketJob(killed, false), data(killed), Market)).toEqual(expected.markets)
  })

  test.for([
    ['much money', 1_000_000],
    ['little money', 500],
  ] as const)('transfers with %s: at each commit all of it is there', { timeout }, async ([, paidIn], { folder }) => {
    const paid = generateDeposits({ paidIn })
    const moves = generateTransfers({ count: 32_000, seed: killSeed })
    await writeFile(input(folder, 'deposits'), paid)
    await writeFile(input(folder, 'transfers'), '')
    await runOnce(bankJob(folder, false), data(folder))
    const inspect = async () => {
      const { inAccounts, onTheWay } = await committedMoney(data(folder))
      expect(inAccounts + onTheWay).toBe(100 * paidIn)
    }
    const growing = new GrowingFile(input(folder, 'transfers'), moves)
    await survive({ job: 'transfers', folder, input: growing, stream: paidIn === 500 ? 3 : 4, inspect })
    await inspect()
    const refusals = unframe(await readFile(output(folder, 'refusals'))).map(
      (frame) => JSON.parse(Buffer.from(frame).toString()) as Refusal,
    )
    const states = await statesOf(bankJob(folder, false), data(folder), Account)
    const balances = new Map([...states].map(([account, { balance }]) => [account, balance]))
    // Whoever was refused: the balances are what all other transfers make of them, each once.
    expect(balances).toEqual(settle(paid, moves, refusals))
    expect(Math.min(...balances.values())).toBeGreaterThanOrEqual(0)
    if (paidIn === 500) return
    // Here the order of transfers cannot matter, so it is known who is refused.
    const expected = bankOf(paid, moves)
    expect(balances).toEqual(expected.balances)
    expect(new Set(refusals.map(({ id }) => id))).toEqual(new Set(expected.refused))
  })
})

async function bothFolders(folder: string): Promise<[calm: string, killed: string]> {
  const both: [string, string] = [join(folder, 'calm'), join(folder, 'killed')]
  for (const path of both) await mkdir(path)
  return both
}
