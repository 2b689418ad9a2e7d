/**
 * A process that runs one job and tells its parent how far it is: to the end of its input, or for ever if that still grows. It
 * waits for a word before it begins, so that a parent that has just killed one need not wait for the next to load.
 */
import { once } from 'node:events'
import { run } from 'millrace'
import { data, type Job } from './job.ts'
import { programUrl } from './program-url.ts'
import type { Progress, Start, Task } from './life.ts'

const { job, folder, durability, workers } = JSON.parse(process.argv[2]!) as Task
const { program } = (await import(`../jobs/${job}.ts`)) as Job
const tell = (progress: Progress): void => void process.send!(progress)

tell({ kind: 'ready' })
const [{ grows }] = (await once(process, 'message')) as [Start]
const options = { data: data(folder), durability, once: !grows }
const running = await (workers === undefined
  ? run(program(folder, grows), options)
  : run(programUrl(job, folder, grows), { ...options, workers }))
tell({ kind: 'running' })
process.on('message', ({ scale }: { readonly scale: number }) => {
  // Whoever asked is told by what it finds: an error ends the program.
  running.scale(scale).then(
    () => process.connected && tell({ kind: 'scaled' }),
    () => {},
  )
})
let committed = 0
const timer = setInterval(() => {
  const now = running.stats().committed
  if (now !== committed) tell({ kind: 'committed', records: (committed = now) })
}, 2)
await running.done
clearInterval(timer)
process.disconnect()
