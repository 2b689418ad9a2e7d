/**
 * A sum per key, over few keys and many: what commits, write-back and reads cost when hardly any entity is met twice in a batch.
 * `--keys=10000000`: only over so many, with one worker and two, both durabilities.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { frames } from '../../examples/frames.ts'
import { amountBytes, amountsPart, generateAmounts, keyedSum } from '../support/keyed-sum.ts'
import { compare, inTurn, scale, timed } from '../support/measure.ts'
import { memorySource, type Recorded } from '../support/memory-source.ts'
import { option } from '../support/options.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'
import { steady, usualWindow } from '../support/steady.ts'

const given = option('keys', 0)
const pipeline = keyedSum([amountsPart(0)])

function recordsOf(buffer: Uint8Array): Recorded {
  const starts = Uint32Array.from({ length: buffer.length / amountBytes }, (_, i) => i * amountBytes)
  return { buffer, starts, ends: starts.map((start) => start + amountBytes) }
}

for (const keys of given > 0 ? [] : [1_000, 100_000, 1_000_000]) {
  const count = Math.round(1_000_000 * scale)
  const recorded = recordsOf(generateAmounts(keys, count))
  const floor = (): number => {
    const states = new Map<string, { sum: number; count: number }>()
    return timed(() => {
      const view = new DataView(recorded.buffer.buffer)
      for (let i = 0; i < count; i++) {
        const key = `k${view.getUint32(i * amountBytes)}`
        let state = states.get(key)
        if (state === undefined) states.set(key, (state = { sum: 0, count: 0 }))
        state.sum += view.getUint32(i * amountBytes + 4)
        state.count += 1
      }
    })
  }
  await compare(
    `keyed sum, ${keys} keys, process`,
    count,
    () =>
      withFolder(
        async (data) =>
          (
            await runWorker({
              pipeline,
              durability: 'process',
              data,
              source: (name) => memorySource(name, recorded, count),
            })
          ).seconds,
      ),
    floor,
  )
}

for (const keys of given > 0 ? [given] : [100_000, 1_000_000]) {
  await withFolder(async (folder) => {
    const file = join(folder, 'amounts')
    const { buffer, starts, ends } = recordsOf(generateAmounts(keys, Math.max(keys, 2_000_000)))
    writeFileSync(file, frames([...starts].map((start, i) => buffer.subarray(start, ends[i]))))
    const job = new URL('../support/jobs/keyed-sum.ts', import.meta.url)
    const window = { ...usualWindow, warmRecords: keys, longestWarmMs: Math.max(usualWindow.longestWarmMs, keys / 100) }
    for (const durability of ['process', 'disk'] as const) {
      await inTurn(
        [1, 2].map((workers) => ({
          name: `keyed sum, ${keys} keys, ${durability}, ${workers} worker${workers === 1 ? '' : 's'}`,
          run: () => steady({ job, workers, durability, window, file, perSecond: 0 }),
        })),
      )
    }
  })
}
