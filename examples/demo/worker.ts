/** The process that does the work, and that is killed. It knows nothing of that: it tells how far it is, and comes to its end. */
import { run } from 'millrace'
import { dataOf } from './program.ts'
import type { Said } from './run-disturbed.ts'

const { DEMO_FOLDER, DEMO_GROWS, DEMO_WORKERS } = process.env
process.once('disconnect', () => process.exit(1)) // whoever wanted the work is gone
const running = await run(new URL('./program-of-process.ts', import.meta.url), {
  data: dataOf(DEMO_FOLDER!),
  once: DEMO_GROWS === 'false',
  workers: Number(DEMO_WORKERS),
})
const tell = (said: Said, told?: () => void): void => void process.send!(said, undefined, undefined, told)
process.on('message', ({ scale }: { readonly scale: number }) => {
  // If it cannot, the process ends with the reason.
  void running.scale(scale).then((scaled) => tell({ scaled }))
})
const timer = setInterval(() => tell({ committed: running.stats().committed }), 10)
await running.done
clearInterval(timer)
process.removeAllListeners('disconnect')
tell({ committed: running.stats().committed }, () => process.disconnect())
