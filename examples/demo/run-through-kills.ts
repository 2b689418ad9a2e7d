import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Progress {
  /** Flights whose effects are known to be durable. */
  committed(flights: number): void
  killed(atFlight: number): void
}

/** Runs the worker until it is done. Whenever it was seen to get to one of `killAt`, it is killed and started again. */
export async function runThroughKills(
  work: { folder: string; input: string },
  killAt: readonly number[],
  progress: Progress,
): Promise<{ kills: number; ms: number }> {
  const startMs = performance.now()
  let kills = 0
  for (let before = 0; ; ) {
    const life = await oneLife(work, before, killAt[kills] ?? Infinity, progress)
    if (!life.killed) return { kills, ms: performance.now() - startMs }
    kills += 1
    before = life.committed
    progress.killed(before)
  }
}

/** From a start to the end of the work, or to SIGKILL. `before`: what earlier lives were seen to have done. */
async function oneLife(
  { folder, input }: { folder: string; input: string },
  before: number,
  killAt: number,
  progress: Progress,
): Promise<{ killed: boolean; committed: number }> {
  const worker = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [folder, input])
  let committed = before
  let killed = false
  worker.on('message', (flights: number) => {
    committed = before + flights
    if (!killed) progress.committed(committed)
    if (committed >= killAt) killed = worker.kill('SIGKILL') || killed
  })
  const [code, signal] = (await once(worker, 'close')) as [number | null, string | null]
  if (signal === 'SIGKILL' && killed) return { killed, committed }
  if (code !== 0) throw new Error(`the worker ended by itself: ${signal ?? `exit code ${code}`}`)
  return { killed: false, committed }
}
