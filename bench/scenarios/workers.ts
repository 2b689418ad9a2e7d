/**
 * What several workers are worth: market spread from two files at one and at two workers. Without exchange each worker reads the
 * events of its own symbols; with exchange every other event belongs to the other worker. Pairs in turn, each run in a process
 * of its own.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateEvents } from '../../examples/market-spread/generate.ts'
import { decodeEvent } from '../../examples/market-spread/layout.ts'
import { shardOf } from '../../runtime/base/hash.ts'
import { defaultShardCount } from '../../runtime/base/limits.ts'
import { inTurn, scale } from '../support/measure.ts'
import { framesOf } from '../support/memory-source.ts'
import { once, type OnceRun } from '../support/once.ts'
import { withFolder } from '../support/run-worker.ts'

const recorded = framesOf(generateEvents({ count: 200_000, seed: 1 }))
const copies = Math.round(64 * scale)
const count = copies * recorded.starts.length

const job = new URL('../support/jobs/partitioned-market.ts', import.meta.url)

/** The recorded events as two parts. `partOf`: where one belongs. */
function partsOf(partOf: (symbol: string, index: number) => number): [Uint8Array, Uint8Array] {
  const { buffer, starts, ends } = recorded
  const parts: [Uint8Array[], Uint8Array[]] = [[], []]
  for (let i = 0; i < starts.length; i++) {
    const { symbol } = decodeEvent(buffer.subarray(starts[i]!, ends[i]!))
    parts[partOf(symbol, i)]!.push(buffer.subarray(starts[i]! - 4, ends[i]!))
  }
  return [Buffer.concat(parts[0]), Buffer.concat(parts[1])]
}

async function measured(folder: string, workers: number, durability: 'disk' | 'process'): Promise<OnceRun> {
  for (const name of ['data', 'rejections', 'rejections.millrace'])
    rmSync(join(folder, name), { recursive: true, force: true })
  const environment = { MILLRACE_BENCH_FOLDER: folder }
  return await once({ job, data: join(folder, 'data'), workers, durability, count, environment })
}

await withFolder(async (folder) => {
  for (const [name, partOf] of [
    ['no exchange', (symbol: string) => shardOf(symbol, defaultShardCount) % 2],
    ['half of it exchanged', (_symbol: string, index: number) => index % 2],
  ] as const) {
    for (const part of [0, 1]) rmSync(join(folder, `events${part}`), { force: true })
    partsOf(partOf).forEach((part, i) => {
      for (let copy = 0; copy < copies; copy++) writeFileSync(join(folder, `events${i}`), part, { flag: 'a' })
    })
    for (const durability of ['process', 'disk'] as const) {
      await inTurn(
        [1, 2].map((workers) => ({
          name: `market spread, ${name}, ${durability}, ${workers} worker${workers === 1 ? '' : 's'}`,
          run: () => measured(folder, workers, durability),
        })),
      )
    }
  }
})
