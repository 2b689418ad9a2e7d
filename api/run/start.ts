import type { CompleteProgram } from '../complete-bindings.ts'
import { defaultWorkers } from './default-workers.ts'
import { keepObjectsYoung } from './keep-objects-young.ts'
import { LiveProgram } from './live-program.ts'
import type { LocalShift } from './local-shift.ts'
import { placeOffloads } from './offload/place-offloads.ts'
import type { StartOptions } from './start-options.ts'
import { Workplace } from './workplace.ts'

/**
 * Makes a real world around a program and starts it. Resolves when it runs: what was committed is recovered, every sink has
 * said how far it is, and every source has given something or is at its end. If that fails, everything is closed again.
 * `workers`: undefined: as many as fit the program and the machine.
 */
export async function start(
  complete: CompleteProgram,
  options: Omit<StartOptions, 'workers'> & { readonly workers: number | undefined },
): Promise<LiveProgram> {
  const { workers = defaultWorkers(complete, options) } = options
  const live = new LiveProgram(await openFor(complete, { ...options, workers }))
  await live.opened
  return live
}

/** As `start`, on this thread alone. Sources are left alone: what happens is only what is asked for. */
export async function startAlone<T>(
  complete: CompleteProgram,
  options: Omit<StartOptions, 'workers' | 'once'>,
  use: (shift: LocalShift) => Promise<T>,
): Promise<T> {
  const workplace = await openFor(complete, { ...options, workers: 1, once: false })
  try {
    const shift = await workplace.beginLocal(false)
    shift.done.catch(() => {}) // `opened` says the same, or it is looked at below
    await shift.opened
    try {
      return await use(shift)
    } finally {
      shift.drain()
      await shift.done
    }
  } finally {
    await workplace.close()
  }
}

async function openFor(complete: CompleteProgram, options: StartOptions): Promise<Workplace> {
  keepObjectsYoung()
  const workplace = await Workplace.open(await placeOffloads(complete), options)
  try {
    await workplace.restAndRegroup(options.workers)
  } catch (error) {
    await workplace.close().catch(() => {}) // what matters is why
    throw error
  }
  return workplace
}
