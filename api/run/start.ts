import * as limits from '../../runtime/base/limits.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { realClock } from '../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../runtime/node/host/worker-host.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import { noBugs } from '../../runtime/shard/bugs.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import type { CompleteProgram } from '../complete-bindings.ts'
import { checkEnds } from './check-ends.ts'
import { checkProgram } from './check-program.ts'
import { LiveProgram } from './live-program.ts'
import { MeteredPartition } from './metered-partition.ts'
import { MeteredSink } from './metered-sink.ts'
import { type EndsListener, type OpenEnds, openEnds } from './open-ends.ts'

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
  const outside = new Outside()
  let ends: OpenEnds
  try {
    ends = await openEnds(complete, options, outside)
  } catch (error) {
    await store.close()
    throw error
  }
  const live = startWorker(complete, options, store, ends, outside)
  await live.opened
  return live
}

/** Hears ends that may have something to tell before there is a worker. */
class Outside implements EndsListener {
  #live: { readonly program: LiveProgram; readonly host: WorkerHost } | undefined
  #early: { readonly source: number; readonly partition: SourcePartition }[] = []

  wake(): void {
    // Who comes earlier is looked at when the worker starts.
    this.#live?.host.wake()
  }

  added(source: number, partition: SourcePartition): void {
    if (this.#live === undefined) this.#early.push({ source, partition })
    else void this.#live.program.add(source, new MeteredPartition(partition, false))
  }

  meet(program: LiveProgram, host: WorkerHost): void {
    this.#live = { program, host }
    for (const { source, partition } of this.#early.splice(0)) this.added(source, partition)
  }
}

function startWorker(
  { plan, sources }: CompleteProgram,
  options: StartOptions,
  store: LevelStore,
  ends: OpenEnds,
  outside: Outside,
): LiveProgram {
  const partitions = ends.partitions.map(({ source, partition }) => {
    return { source, partition: new MeteredPartition(partition, sources[source]!.kind === 'stdio') }
  })
  const sinkPorts = ends.sinks.map((sink) => new MeteredSink(sink))
  const worker = new Worker(
    plan,
    createCodec(),
    { clock: realClock, store, partitions, sinks: sinkPorts, wake: () => outside.wake() },
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
  outside.meet(live, host)
  host.start()
  return live
}
