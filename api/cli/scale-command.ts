import type { Scaled } from '../run/running.ts'
import { scale } from './control.ts'

/** `millrace scale`: another number of workers for a program that runs. */
export async function scaleCommand(workers: number, { data }: { readonly data: string }): Promise<void> {
  console.log(inWords(await scale(data, workers)))
}

export function inWords({ before, workers, pausedMs }: Scaled): string {
  return before === workers
    ? `workers: ${workers}, as before`
    : `workers: ${before} -> ${workers}, paused ${pausedMs} ms`
}
