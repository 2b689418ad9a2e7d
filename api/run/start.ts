import { createCodec } from '../../runtime/codec/codec.ts'
import { realClock } from '../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../runtime/node/host/worker-host.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import type { CompleteProgram } from '../complete-bindings.ts'
import { checkEnds } from './check-ends.ts'
import { checkProgram } from './check-program.ts'
import { checkSourcePlans } from './check-source-plans.ts'
import type { LiveProgram } from './live-program.ts'
import { LocalProgram } from './local-program.ts'
import { MeteredPartition } from './metered-partition.ts'
import { MeteredSink } from './metered-sink.ts'
import { openSink, openSource } from './open-ends.ts'
import { regroupStore } from './regroup-store.ts'
import { stdinNeedsOneWorker, workersNeedFile } from './request-errors.ts'
import type { ProgramReference } from './threads/program-reference.ts'
import { ThreadedProgram } from './threads/threaded-program.ts'
import { workerOptions } from './worker-options.ts'

export interface StartOptions {
  readonly data: string
  readonly durability: 'disk' | 'process'
  /** Stop when every source is at its end, and everything is committed and with the sinks. */
  readonly once: boolean
  /** Whether files are followed as they grow. Undefined: as the program says. */
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  /** Threads that share the work; 1: this one. */
  readonly workers: number
  /** Where the program is, for threads to load it. Undefined: nowhere, so there can be only this one. */
  readonly reference: ProgramReference | undefined
  /** So long may a thread stay in one turn before it counts as lost. Default: half a minute. */
  readonly stallMs?: number
}

const defaultStallMs = 30_000

/**
 * Makes a real world around a program and starts it. Resolves when it runs: what was committed is recovered, every sink has
 * said how far it is, and every source has given something or is at its end. If that fails, everything is closed again.
 */
export async function start(complete: CompleteProgram, options: StartOptions): Promise<LiveProgram> {
  const live = await startWorkers(complete, options)
  await live.opened
  return live
}

/** As `start`, on this thread alone. Sources are left alone: what happens is only what is asked for. */
export async function startAlone(complete: CompleteProgram, options: StartOptions): Promise<LocalProgram> {
  const store = await openChecked(complete, { ...options, workers: 1 })
  const live = startLocal(complete, options, store, false)
  await live.opened
  return live
}

async function startWorkers(complete: CompleteProgram, options: StartOptions): Promise<LiveProgram> {
  const store = await openChecked(complete, options)
  if (options.workers === 1) return startLocal(complete, options, store, true)
  return startThreads(complete, options, store)
}

/** The store, with as many groups as there are workers, and fit for the program. */
async function openChecked(complete: CompleteProgram, options: StartOptions): Promise<LevelStore> {
  checkEnds(complete)
  if (options.workers > 1) checkThreads(complete, options)
  const { data: path, durability, workers: groupCount } = options
  let store = await openLevelStore({ path, durability, groupCount })
  try {
    await checkProgram(store, complete.plan)
    if (store.groupCount > 1 || groupCount > 1) await checkSourcePlans(store, complete.plan, options.acceptTornRecords)
    if (store.groupCount === groupCount) return store
    await comeToRest(complete, options, store)
    store = await openLevelStore({ path, durability })
    await regroupStore(store, groupCount)
  } catch (error) {
    await store.close()
    throw error
  }
  return store
}

/** Lets the groups that there are finish what they have begun. Closes the store. */
async function comeToRest(complete: CompleteProgram, options: StartOptions, store: LevelStore): Promise<void> {
  const resting = { ...options, once: false }
  if (store.groupCount > 1) checkThreads(complete, { ...options, workers: store.groupCount })
  const live =
    store.groupCount === 1 ? startLocal(complete, resting, store, false) : startThreads(complete, resting, store)
  live.opened.catch(() => {}) // `done` says the same
  await live.stop()
}

function checkThreads({ sources }: CompleteProgram, { workers, reference }: StartOptions): void {
  if (reference === undefined) throw workersNeedFile(workers)
  if (sources.some(({ kind }) => kind === 'stdio')) throw stdinNeedsOneWorker(workers)
}

function openSinks({ plan, sinks }: CompleteProgram, durability: 'disk' | 'process'): MeteredSink[] {
  return sinks.map((end, i) => new MeteredSink(openSink(plan.sinks[i]!.name, end!, durability)))
}

function startThreads(complete: CompleteProgram, options: StartOptions, store: LevelStore): ThreadedProgram {
  const { follow, acceptTornRecords, once, durability, reference, stallMs = defaultStallMs } = options
  return new ThreadedProgram(complete.plan, {
    program: reference!,
    store,
    sinks: openSinks(complete, durability),
    follow,
    acceptTornRecords,
    once,
    stallMs,
  })
}

function startLocal(
  complete: CompleteProgram,
  options: StartOptions,
  store: LevelStore,
  readSources: boolean,
): LocalProgram {
  const { plan, sources } = complete
  const { acceptTornRecords } = options
  const wake = (): void => host.wake()
  const partitions = (readSources ? sources : []).map((end, source) => {
    const follow = options.follow ?? (end.kind === 'file' && end.follow)
    const partition = openSource(plan.sources[source]!.name, end, follow, wake)
    return { source, partition: new MeteredPartition(partition, end.kind === 'stdio') }
  })
  const sinks = openSinks(complete, options.durability)
  const { shardCount } = store
  const worker = new Worker(
    plan,
    createCodec(),
    { clock: realClock, store, partitions, sinks, wake },
    workerOptions({ group: 0, groupCount: 1, shardCount, acceptTornRecords }),
  )
  const metered = partitions.map(({ partition }) => partition)
  const live = new LocalProgram({ plan, worker, store, partitions: metered, sinks }, options.once)
  const host = new WorkerHost(worker, realClock, { ticked: live.ticked })
  host.start()
  return live
}
