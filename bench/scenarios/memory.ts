/**
 * Memory over the length of a run: it must not depend on how much was handled. Over 20 million messages, or over time with
 * `--minutes=10`; with `--slow-sink` into a sink that takes 5,000 outputs a second, so that everything before it has to wait.
 */
import { generateEvents } from '../../examples/market-spread/generate.ts'
import merged from '../../examples/market-spread/merged.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import { print, scale } from '../support/measure.ts'
import { spreadOf } from '../support/figures.ts'
import { framesOf, memorySource } from '../support/memory-source.ts'
import { flag, option } from '../support/options.ts'
import { countingSink, runWorker, withFolder } from '../support/run-worker.ts'

const minutes = option('minutes', Number.POSITIVE_INFINITY)
const slow = flag('slow-sink')
const count = minutes < Number.POSITIVE_INFINITY || slow ? Number.POSITIVE_INFINITY : Math.round(20_000_000 * scale)
const lengthMs = 60_000 * (minutes < Number.POSITIVE_INFINITY ? minutes : scale)
const sampleMs = 100
const recorded = framesOf(generateEvents({ count: 200_000, seed: 1 }))
const begun = performance.now()
const samples: number[] = []
let hurry = false

/** Is done with a batch when it would have been at 5,000 outputs a second; in a hurry, at once. */
function slowSink(sink: string): SinkPort {
  const perMs = 5
  let freeMs = 0
  return {
    ...countingSink(sink),
    write(batch, done) {
      freeMs = Math.max(freeMs, performance.now()) + batch.count / perMs
      const wait = (): void => {
        const leftMs = freeMs - performance.now()
        if (hurry || leftMs <= 0) done(undefined)
        else setTimeout(wait, Math.min(leftMs, sampleMs))
      }
      setImmediate(wait)
    },
  }
}

const sampling = setInterval(() => samples.push(process.memoryUsage().rss / 2 ** 20), sampleMs)
const { handled } = await withFolder((data) =>
  runWorker({
    pipeline: merged,
    durability: 'process',
    data,
    source: (name) => memorySource(name, recorded, count),
    ...(slow ? { sink: slowSink } : {}),
    until: (worker) => {
      hurry = count === Number.POSITIVE_INFINITY && performance.now() - begun > lengthMs
      return hurry || worker.finished
    },
  }),
)
clearInterval(sampling)
const third = Math.floor(samples.length / 3)
const early = spreadOf(samples.slice(third, 2 * third)).median
const late = spreadOf(samples.slice(2 * third)).median
const length = `${(handled / 1e6).toFixed(1)} M messages in ${((performance.now() - begun) / 1_000).toFixed(0)} s`
print(
  `resident memory over ${length}${slow ? ', slow sink' : ''}`,
  `${late.toFixed(0)} MiB in the last third (at most ${spreadOf(samples).highest.toFixed(0)})`,
  `${(late / early).toFixed(2)} of the second third`,
)
