/**
 * Flink beside Millrace, in turn: market spread, and sums over 100,000 and 1,000,000 keys, from the same file of records that both
 * have in memory. Each run has a process of its own, has no end, and is measured when it is warm. Millrace commits all the time,
 * Flink makes an exactly-once checkpoint every second to a local folder; neither waits for the disk (durability `process`).
 */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { frames } from '../../examples/frames.ts'
import { generateEvents } from '../../examples/market-spread/generate.ts'
import { flink } from '../peers/flink/flink.ts'
import { amountBytes, generateAmounts } from '../support/keyed-sum.ts'
import { inTurn, quick } from '../support/measure.ts'
import { withFolder } from '../support/run-worker.ts'
import { steady, usualWindow } from '../support/steady.ts'

interface Input {
  readonly name: string
  readonly job: 'market-spread' | 'keyed-sum'
  readonly module: URL
  readonly keys: number
  bytes(): Uint8Array
}

function sums(keys: number): Input {
  const module = new URL('../support/jobs/keyed-sum.ts', import.meta.url)
  return { name: `sums of ${keys} keys`, job: 'keyed-sum', module, keys, bytes: () => amounts(keys) }
}

function amounts(keys: number): Uint8Array {
  const buffer = generateAmounts(keys, 2_000_000)
  const record = (_: unknown, i: number): Uint8Array => buffer.subarray(i * amountBytes, (i + 1) * amountBytes)
  return frames(Array.from({ length: buffer.length / amountBytes }, record))
}

const inputs: readonly Input[] = [
  {
    name: 'market spread',
    job: 'market-spread',
    module: new URL('../support/jobs/market.ts', import.meta.url),
    keys: 350,
    bytes: () => generateEvents({ count: 200_000, seed: 1 }),
  },
  sums(100_000),
  sums(1_000_000),
]

const peer = await flink((text) => console.log(text))
if (peer === undefined) console.log('Flink is left out: there is no JDK (javac), or no Maven (mvn)')
else {
  try {
    for (const input of inputs) await beside(input)
  } finally {
    await peer[Symbol.asyncDispose]()
  }
}

async function beside({ name, job, module, keys, bytes }: Input): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, 'records')
    writeFileSync(file, bytes())
    console.log(`${name}: ${(statSync(file).size / 1e6).toFixed(0)} MB of records`)
    const window = { ...usualWindow, warmRecords: keys, warmMs: quick ? 3_000 : 8_000 }
    for (const count of [1, 2]) {
      await inTurn([
        {
          name: `Millrace, ${count} worker${count === 1 ? '' : 's'}`,
          run: () => steady({ job: module, workers: count, durability: 'process', window, file, perSecond: 0 }),
        },
        ...(['hashmap', 'rocksdb'] as const).map((state) => ({
          name: `Flink, ${state === 'hashmap' ? 'heap' : 'RocksDB'}, parallelism ${count}`,
          run: () => peer!.steady({ job, state, parallelism: count, file, window }),
        })),
      ])
    }
  })
}
