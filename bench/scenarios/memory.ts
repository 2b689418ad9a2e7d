/** Memory over the length of a run: it must not depend on how much was handled. */
import { generateEvents } from '../../examples/market-spread/generate.ts'
import merged from '../../examples/market-spread/merged.ts'
import { print, scale } from '../support/measure.ts'
import { spreadOf } from '../support/figures.ts'
import { framesOf, memorySource } from '../support/memory-source.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'

const count = Math.round(20_000_000 * scale)
const recorded = framesOf(generateEvents({ count: 200_000, seed: 1 }))
const samples: number[] = []
let next = 0

await withFolder(async (data) => {
  await runWorker({
    pipeline: merged,
    durability: 'process',
    data,
    source: (name) => memorySource(name, recorded, count),
    watch: (worker) => {
      if ((worker.group?.handledCount ?? 0) < next) return
      next += count / 60
      samples.push(process.memoryUsage().rss / 2 ** 20)
    },
  })
})
const third = Math.floor(samples.length / 3)
const early = spreadOf(samples.slice(third, 2 * third)).median
const late = spreadOf(samples.slice(2 * third)).median
print(
  `resident memory over ${count / 1e6} M messages`,
  `${late.toFixed(0)} MiB in the last third`,
  `${(late / early).toFixed(2)} of the second third`,
)
