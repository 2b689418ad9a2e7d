import * as limits from '../../runtime/base/limits.ts'
import { noBugs } from '../../runtime/shard/bugs.ts'
import type { WorkerOptions } from '../../runtime/worker/worker-ports.ts'

/** Records between two looks at the event loop. Fewer make more and dearer commits; more keep everybody waiting (about 5 ms). */
const recordsPerTick = 2_048

/** How the worker of one of several groups (or of the only one) is run. */
export function workerOptions(parts: {
  readonly group: number
  readonly groupCount: number
  readonly shardCount: number
  readonly acceptTornRecords: boolean
}): WorkerOptions {
  const { group, groupCount, shardCount, acceptTornRecords } = parts
  const cacheBytes = Math.floor(limits.defaultCacheBytes / groupCount)
  return {
    group,
    shardCount,
    ownerOf: ownerOf(groupCount),
    cacheBytes,
    windowBytes: limits.writeBackBytes(cacheBytes),
    maxBatchMessages: limits.maxBatchMessages,
    maxHops: limits.maxHops,
    tracing: false,
    bugs: noBugs,
    acceptTornRecords,
    recordsPerTick,
    commitPauseMs: limits.commitPauseMs,
    smallBatchMessages: limits.smallBatchMessages,
  }
}

/** Which of so many groups has a shard. Belongs to the data: see docs/data-format.md. */
export function ownerOf(groupCount: number): (shard: number) => number {
  return (shard) => shard % groupCount
}
