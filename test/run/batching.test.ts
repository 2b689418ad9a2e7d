import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'vitest'
import { compile } from '../../api/compile.ts'
import { workerOptions } from '../../api/run/worker-options.ts'
import { maxBatchMessages, waitingShare } from '../../runtime/base/limits.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { realClock } from '../../runtime/node/host/real-clock.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import { test } from '../support/folder.ts'
import { counting } from './support/counting.ts'
import { endless } from './support/endless.ts'

const company = maxBatchMessages / waitingShare

test('a batch waits for company while its source has plenty', async ({ folder }) => {
  expect(await recordsOfFirstBatch(folder, (asked) => asked)).toBeGreaterThanOrEqual(company)
})

test('small pieces are plenty as well, when the next one is there already', async ({ folder }) => {
  expect(await recordsOfFirstBatch(folder, () => 8, true)).toBeGreaterThanOrEqual(company)
})

test('what comes all the time is committed all the time, although there is always one more', async ({ folder }) => {
  expect(await recordsOfFirstBatch(folder, () => 1)).toBeLessThan(company)
})

test('what a source gives is committed at once when it has no more for now', async ({ folder }) => {
  let polls = 0
  expect(await recordsOfFirstBatch(folder, () => (polls++ % 2 === 0 ? 10 : 0))).toBeLessThan(company)
})

/** How many records the first commit covers that covers any, of a source that never ends. */
async function recordsOfFirstBatch(
  folder: string,
  gives: (asked: number) => number,
  hasMore: boolean = false,
): Promise<number> {
  const store = await openLevelStore({ path: folder, durability: 'process' })
  let records = 0
  const partition = { ...endless('ticks', gives, (next) => (records ||= next)), hasMore }
  const worker = new Worker(
    compile(counting),
    createCodec(),
    { clock: realClock, store, partitions: [{ source: 0, partition }], sinks: [], wake() {} },
    workerOptions({ group: 0, groupCount: 1, shardCount: store.shardCount, acceptTornRecords: false }),
  )
  worker.start()
  while (worker.state !== 'stopped') {
    worker.tick()
    if (records > 0) worker.drain()
    await turn()
  }
  await store.close()
  if (worker.error !== undefined) throw worker.error
  return records
}
