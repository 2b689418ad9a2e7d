/** One run of the partitioned market, in a process of its own: threads start cold, and so should what they are compared with. */
import { join } from 'node:path'
import { run } from '../../api/run.ts'

const [folder = '', workers = '1', durability = 'disk', count = '0'] = process.argv.slice(2)
process.env['MILLRACE_BENCH_FOLDER'] = folder
const program = new URL('./partitioned-market.ts', import.meta.url)
const running = await run(program, {
  data: join(folder, 'data'),
  workers: Number(workers),
  durability: durability as 'disk' | 'process',
  once: true,
})
const before = running.stats().committed
const begun = performance.now()
const cpuBefore = process.cpuUsage()
await running.done
const { user, system } = process.cpuUsage(cpuBefore)
const records = Number(count) - before
const perSecond = (records / (performance.now() - begun)) * 1_000
console.log(JSON.stringify({ perSecond, cpuNs: ((user + system) * 1_000) / records }))
