/**
 * A process that runs one job and tells its parent how far it is: to the end of its input, or for ever if that still grows. It
 * waits for a word before it begins, so that a parent that has just killed one need not wait for the next to load.
 */
import { once } from 'node:events'
import { run } from 'millrace'
import { data, type Job } from './job.ts'
import type { Progress, Start, Task } from './life.ts'

const { job, folder, durability } = JSON.parse(process.argv[2]!) as Task
const { program } = (await import(`../jobs/${job}.ts`)) as Job
const tell = (progress: Progress): void => void process.send!(progress)

tell({ kind: 'ready' })
const [{ grows }] = (await once(process, 'message')) as [Start]
const running = await run(program(folder, grows), { data: data(folder), durability, once: !grows })
tell({ kind: 'running' })
let committed = 0
const timer = setInterval(() => {
  const now = running.stats().committed
  if (now !== committed) tell({ kind: 'committed', records: (committed = now) })
}, 2)
await running.done
clearInterval(timer)
process.disconnect()
