import { availableParallelism } from 'node:os'
import type { CompleteProgram } from '../../complete-bindings.ts'
import { invalidOffload } from '../../offload/errors.ts'
import { readersOf } from '../readers.ts'
import { OffloadDesk } from './desk.ts'

/** Undefined: the worker has nothing to offload. If a step cannot be loaded, everything is closed again: MR_OFFLOAD_INVALID. */
export async function openDesk(
  { offloads }: CompleteProgram,
  options: { readonly threads: number; readonly usesLoader: boolean; readonly check: boolean },
): Promise<OffloadDesk | undefined> {
  const { threads, usesLoader, check } = options
  if (threads === 0) return undefined
  const desk = new OffloadDesk({ sources: offloads, threads, usesLoader })
  try {
    if (check) await desk.check()
  } catch (error) {
    await desk.close()
    throw error
  }
  return desk
}

/**
 * How many threads for offloaded steps a worker has of those that the program is given. Only workers that read a source with such
 * steps need any, and each of these at least one. Throws MR_OFFLOAD_INVALID when there are not enough.
 */
export function threadsFor(
  { offloads, sources }: CompleteProgram,
  { workers, offloadThreads }: { readonly workers: number; readonly offloadThreads?: number | undefined },
  worker: number,
): number {
  const readers = new Set(
    offloads.flatMap((source, i) => (source === undefined ? [] : readersOf(i, sources[i]!, workers))),
  )
  const place = [...readers].sort((a, b) => a - b).indexOf(worker)
  const all = offloadThreads ?? Math.max(readers.size, availableParallelism() - workers)
  if (all < readers.size)
    throw invalidOffload(
      `${readers.size} workers read sources with offloaded steps, but there is only ${all} thread for these`,
      `Give them ${readers.size} offload threads, or run fewer workers`,
    )
  if (place < 0) return 0
  return Math.floor(all / readers.size) + (place < all % readers.size ? 1 : 0)
}
