import { availableParallelism } from 'node:os'
import { maxWorkers } from '../../runtime/base/limits.ts'
import type { CompleteProgram } from '../complete-bindings.ts'
import type { StartOptions } from './start-options.ts'

/**
 * How many workers a program has whose user does not say: the cores, but one where threads could not load it or share its input, and
 * no more than the threads for offloaded steps that it was given are enough for.
 */
export function defaultWorkers(
  { sources, offloads }: CompleteProgram,
  { reference, offloadThreads }: Pick<StartOptions, 'reference' | 'offloadThreads'>,
): number {
  if (reference === undefined || sources.some(({ kind }) => kind === 'stdio')) return 1
  const cores = Math.min(availableParallelism(), maxWorkers)
  const isOffloading = offloads.some((source) => source !== undefined)
  return isOffloading && offloadThreads !== undefined ? Math.min(cores, offloadThreads) : cores
}
