/** One run of a job that ends, in a process of its own: threads start cold, and so should what they are compared with. */
import { run } from '../../api/run.ts'
import type { OnceRun } from './once.ts'

const [href = '', data = '', durability = '', workers = '1', count = '0'] = process.argv.slice(2)
const startedMs = performance.now()
const running = await run(new URL(href), {
  data,
  workers: Number(workers),
  durability: durability as 'disk' | 'process',
  once: true,
})
const before = running.stats().committed
const openedMs = performance.now()
const cpuBefore = process.cpuUsage()
await running.done
const { user, system } = process.cpuUsage(cpuBefore)
const doneMs = performance.now()
const records = Number(count) - before
const result: OnceRun = {
  perSecond: (records / (doneMs - openedMs)) * 1_000,
  cpuNs: ((user + system) * 1_000) / records,
  seconds: (doneMs - startedMs) / 1_000,
}
console.log(JSON.stringify(result))
