import * as limits from '../../runtime/base/limits.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { realClock } from '../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../runtime/node/host/worker-host.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import { noBugs } from '../../runtime/shard/bugs.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import type { CompleteProgram } from '../complete-bindings.ts'
import { checkEnds } from './check-ends.ts'
import { checkProgram } from './check-program.ts'
import { LiveProgram } from './live-program.ts'
import { MeteredPartition } from './metered-partition.ts'
import { MeteredSink } from './metered-sink.ts'
import { openSink, openSource } from './open-ends.ts'

/** A program on one thread is one commit group. */
export const onlyGroup = 0
/** Records between two looks at the event loop. Fewer make more and dearer commits; more keep everybody waiting (about 5 ms). */
const recordsPerTick = 2_048

export interface StartOptions {
  readonly data: string
  readonly durability: 'disk' | 'process'
  /** Stop when every source is at its end, and everything is committed and with the sinks. */
  readonly once: boolean
  /** Whether files are followed as they grow. Undefined: as the program says. */
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  /** False: sources are left alone; what happens is only what is asked for. */
  readonly readSources: boolean
}

/**
 * Makes a real world around a program and starts it. Resolves when it runs: what was committed is recovered, every sink has
 * said how far it is, and every source has given something or is at its end. If that fails, everything is closed again.
 */
export async function start(complete: CompleteProgram, options: StartOptions): Promise<LiveProgram> {
  checkEnds(complete)
  const store = await openLevelStore({ path: options.data, durability: options.durability })
  try {
    await checkProgram(store, onlyGroup, store.shardCount, complete.plan)
  } catch (error) {
    await store.close()
    throw error
  }
  const live = startWorker(complete, options, store)
  await live.opened
  return live
}

function startWorker({ plan, sources, sinks }: CompleteProgram, options: StartOptions, store: LevelStore): LiveProgram {
  const wake = (): void => host.wake()
  const partitions = (options.readSources ? sources : []).map((end, source) => {
    const follow = options.follow ?? (end.kind === 'file' && end.follow)
    const partition = openSource(plan.sources[source]!.name, end, follow, wake)
    return { source, partition: new MeteredPartition(partition, end.kind === 'stdio') }
  })
  const sinkPorts = sinks.map((end, i) => new MeteredSink(openSink(plan.sinks[i]!.name, end!, options.durability)))
  const worker = new Worker(
    plan,
    createCodec(),
    { clock: realClock, store, partitions, sinks: sinkPorts, wake },
    {
      group: onlyGroup,
      shardCount: store.shardCount,
      ownerOf: () => onlyGroup,
      cacheBytes: limits.defaultCacheBytes,
      windowBytes: limits.writeBackBytes,
      maxBatchMessages: limits.maxBatchMessages,
      maxHops: limits.maxHops,
      tracing: false,
      bugs: noBugs,
      acceptTornRecords: options.acceptTornRecords,
      recordsPerTick,
    },
  )
  const live = new LiveProgram(
    { plan, worker, store, partitions: partitions.map(({ partition }) => partition), sinks: sinkPorts },
    options.once,
  )
  const host = new WorkerHost(worker, realClock, live.ticked)
  host.start()
  return live
}
