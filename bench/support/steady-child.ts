/** One run of a job that has no end, in a process of its own: warm first, then measured, then over from one moment to the next. */
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../api/run.ts'
import { clearLatencies, latencies, percentile } from './latencies.ts'
import { watchStolen } from './stolen.ts'
import type { SteadyRun } from './steady.ts'

const [href = '', data = '', durability = '', ...numbers] = process.argv.slice(2)
const [workers = 1, warmRecords = 0, warmMs = 0, longestWarmMs = 0, measureMs = 0] = numbers.map(Number)

const running = await run(new URL(href), { data, workers, durability: durability as 'disk' | 'process' })
running.done.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
const openedMs = performance.now()
const openMs = (): number => performance.now() - openedMs
while (openMs() < warmMs || (running.stats().committed < warmRecords && openMs() < longestWarmMs)) await sleep(10)
const before = running.stats()
const cpuBefore = process.cpuUsage()
const begun = performance.now()
clearLatencies()
const stolenSince = watchStolen()
await sleep(measureMs)
const seconds = (performance.now() - begun) / 1_000
const { user, system } = process.cpuUsage(cpuBefore)
const stolen = stolenSince()
const after = running.stats()
const records = after.committed - before.committed
const sorted = latencies()
const result: SteadyRun = {
  perSecond: records / seconds,
  cpuNs: ((user + system) * 1_000) / records,
  messagesPerRecord: after.handled / after.committed,
  latencyMs: {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    'p99.9': percentile(sorted, 0.999),
    'p99.99': percentile(sorted, 0.9999),
  },
  latencies: sorted.length,
  stolen,
}
console.log(JSON.stringify(result))
process.exit(0)
