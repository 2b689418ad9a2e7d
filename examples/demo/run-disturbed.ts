import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Feed } from './feed.ts'

/** What is done to the process when it was seen to have come to a flight: SIGKILL, or another number of workers. */
export type Moment = { readonly at: number } & ({ readonly kill: true } | { readonly workers: number })

export interface Progress {
  /** Flights whose effects are known to be durable. */
  committed(flights: number): void
  killed(atFlight: number): void
  scaled(atFlight: number, how: Scaled): void
}

export interface Scaled {
  readonly before: number
  readonly workers: number
  readonly pausedMs: number
}

/** What the process tells. */
export type Said = { readonly committed: number } | { readonly scaled: Scaled }

/** The last moment, if there are any, is a kill. `feed`: the input as it grows; undefined: all of it is there. */
export interface Work {
  readonly folder: string
  readonly input: string
  readonly feed: Feed | undefined
  readonly moments: readonly Moment[]
}

/** Runs the worker until it is done, through all that is done to it. Flights go on coming meanwhile. */
export async function runDisturbed(work: Work, progress: Progress): Promise<{ ms: number }> {
  const startMs = performance.now()
  let life: Life = { workers: 1, passed: 0, committed: 0, killed: true }
  while (life.killed) life = await nextLife(work, life, progress)
  return { ms: performance.now() - startMs }
}

/** How a life ended, and how far all of them had come by then. */
interface Life {
  readonly workers: number
  /** Moments that are over. */
  readonly passed: number
  /** Flights that were seen to be committed. */
  readonly committed: number
  readonly killed: boolean
}

async function nextLife({ folder, input, feed, moments }: Work, before: Life, progress: Progress): Promise<Life> {
  let { workers, passed, committed } = before
  let killed = false
  let changing = false
  const isLast = passed === moments.length
  const where = { DEMO_FOLDER: folder, DEMO_INPUT: input, DEMO_GROWS: String(!isLast), DEMO_WORKERS: String(workers) }
  const worker = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), { env: { ...process.env, ...where } })
  const look = (): void => {
    const moment = moments[passed]
    if (changing || killed || moment === undefined || committed < moment.at) return
    if ('kill' in moment) killed = worker.kill('SIGKILL')
    else changing = worker.send({ scale: moment.workers })
  }
  // Flights come up to the next moment at once, and then a few whenever the worker tells how far it is, at most half the way to the
  // moment after.
  const drip = (): void => {
    const [moment, after] = moments.slice(passed)
    feed?.drip(moment?.at, moment && after && Math.ceil((moment.at + after.at) / 2))
  }
  worker.on('message', (said: Said) => {
    if (killed) return
    if ('committed' in said) progress.committed((committed = before.committed + said.committed))
    else {
      changing = false
      passed += 1
      workers = said.scaled.workers
      progress.scaled(committed, said.scaled)
    }
    look()
    if (!isLast) drip()
  })
  if (isLast) feed?.all()
  else drip()
  const [code, signal] = (await once(worker, 'close')) as [number | null, string | null]
  if (signal === 'SIGKILL' && killed) {
    progress.killed(committed)
    return { workers, passed: passed + 1, committed, killed }
  }
  if (code !== 0) throw new Error(`the worker ended by itself: ${signal ?? `exit code ${code}`}`)
  return { workers, passed, committed, killed: false }
}
