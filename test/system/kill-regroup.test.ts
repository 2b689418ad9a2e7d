import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { unframe } from '../../examples/frames.ts'
import { generateDeposits, generateTransfers } from '../../examples/transfers/generate.ts'
import { Account } from '../../examples/transfers/transfers.ts'
import { Prng } from '../../runtime/base/prng.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { bankOf } from '../examples/support/bank-model.ts'
import { statesOf } from '../examples/support/run-once.ts'
import { test } from '../support/folder.ts'
import { program as bankJob } from './jobs/transfers.ts'
import { build } from './support/build.ts'
import { committedMoney } from './support/committed-money.ts'
import { GrowingFile } from './support/growing-file.ts'
import { data, input, output } from './support/job.ts'
import { killSeed } from './support/kills.ts'
import { Life, type Moment } from './support/life.ts'

const timeout = 180_000
const paidIn = 1_000_000
let built: string

beforeAll(async () => {
  built = await build(await mkdtemp(join(tmpdir(), 'millrace-built-')))
}, timeout)

afterAll(() => rm(built, { recursive: true, force: true }))

/** Into how many groups the shards are divided. */
async function groupsIn(folder: string): Promise<number> {
  const store = await openLevelStore({ path: data(folder), durability: 'process' })
  const { groupCount } = store
  await store.close()
  return groupCount
}

test(`kill -9 while the number of workers changes, seed ${killSeed}: it is the old one or the new one`, {
  timeout,
}, async ({ folder }) => {
  const prng = new Prng(killSeed, 41)
  const paid = generateDeposits({ paidIn })
  const moves = generateTransfers({ count: 20_000, seed: killSeed })
  const growing = new GrowingFile(input(folder, 'transfers'), moves)
  await writeFile(input(folder, 'deposits'), paid)
  await writeFile(input(folder, 'transfers'), '')
  const life = (workers: number): Life => new Life({ built, job: 'transfers', folder, durability: 'process', workers })
  await life(1).runToEnd()
  let groups = 1
  let changes = 0
  const kills = 8
  for (let i = 0; i < kills; i++) {
    const workers = prng.pick([1, 2, 4].filter((count) => count !== groups))
    // While a start changes it, and while it changes in the middle of the work, or just has.
    const kinds: readonly (() => Moment)[] = [
      () => ({ at: 'beginning', afterMs: prng.below(700) }),
      () => ({ at: 'scaling', workers, afterMs: prng.below(700) }),
      () => ({ at: 'beginning', afterMs: prng.below(700) }),
      () => ({ at: 'scaled', workers, afterMs: prng.below(20) }),
    ]
    const moment = kinds[i % kinds.length]!()
    await growing.growTo(Math.floor((growing.frames * (i + 1)) / (kills + 1)))
    await life(moment.at === 'beginning' ? workers : groups).runUntilKilled(moment, async () => undefined)
    const found = await groupsIn(folder)
    expect(moment.at === 'scaled' ? [workers] : [groups, workers]).toContain(found)
    if (found !== groups) changes += 1
    groups = found
    const { inAccounts, onTheWay } = await committedMoney(data(folder))
    expect(inAccounts + onTheWay).toBe(100 * paidIn)
  }
  expect(changes).toBeGreaterThanOrEqual(2)
  await growing.growTo(growing.frames)
  await life(groups === 2 ? 4 : 2).runToEnd()
  await life(1).runToEnd()
  const expected = bankOf(paid, moves)
  const refusals = unframe(await readFile(output(folder, 'refusals'))).map(
    (frame) => (JSON.parse(Buffer.from(frame).toString()) as { id: string }).id,
  )
  expect(refusals.toSorted()).toEqual([...expected.refused].toSorted())
  const states = await statesOf(bankJob(folder, false), data(folder), Account)
  expect(new Map([...states].map(([account, { balance }]) => [account, balance]))).toEqual(expected.balances)
})
