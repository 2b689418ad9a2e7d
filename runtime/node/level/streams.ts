import { BatchCounter } from './batch-counter.ts'
import { binds, type HighWater } from './high-water.ts'
import type { BatchRow } from './own-rows.ts'
import { findLostBatch } from './verify.ts'

/** Throws MR_STORE_CORRUPT if a batch of the stream is missing that should still be there, or that is known to have been durable. */
export function checkStream(
  stream: number,
  rows: readonly BatchRow[],
  highWater: HighWater | undefined,
  boot: string,
): void {
  const confirmed = highWater !== undefined && binds(highWater, boot) ? highWater.batch : 0
  // Whoever opens a stream says so before it writes anything. The first begins with the batch that creates the store.
  if (stream > 0 && rows.length === 0 && confirmed === 0) return
  const lost = findLostBatch(rows, confirmed, powerCut(highWater, boot))
  if (lost !== undefined) throw lost
}

/** Counts on after these batches of a stream. */
export function counterOf(rows: readonly BatchRow[], isSafe: boolean): BatchCounter {
  const newest = rows.at(-1)
  return newest === undefined ? new BatchCounter(1, 0, isSafe) : new BatchCounter(newest.oldest, newest.number, isSafe)
}

/** Durability `process` does not promise to survive one: a likely cause, and no reason to distrust the disk. */
function powerCut(found: HighWater | undefined, boot: string): string {
  const possible = found !== undefined && found.durability === 'process' && boot !== '' && found.boot !== boot
  return possible ? ' (durability was `process`, and the machine was started anew since: a power cut does that)' : ''
}
