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
import { openEnds } from './open-ends.ts'
import { openDesk, threadsFor } from './offload/open-desk.ts'
import { placeOffloads } from './offload/place-offloads.ts'
import { Outside } from './outside.ts'
import { regroupStore } from './regroup-store.ts'
import { stdinNeedsOneWorker, topicsNeedOneWorker, workersNeedFile } from './request-errors.ts'
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
  /** Threads for offloaded steps, beside the workers. Undefined: the cores that the workers leave, at least one for each that needs it. */
  readonly offloadThreads?: number | undefined
  /** So long may a thread stay in one turn before it counts as lost. Default: half a minute. */
  readonly stallMs?: number
}

const defaultStallMs = 30_000

/**
 * Makes a real world around a program and starts it. Resolves when it runs: what was committed is recovered, every sink has
 * said how far it is, and every source has given something or is at its end. If that fails, everything is closed again.
 */
export async function start(complete: CompleteProgram, options: StartOptions): Promise<LiveProgram> {
  const live = await startWorkers(await placeOffloads(complete), options)
  await live.opened
  return live
}

/** As `start`, on this thread alone. Sources are left alone: what happens is only what is asked for. */
export async function startAlone(program: CompleteProgram, options: StartOptions): Promise<LocalProgram> {
  const complete = await placeOffloads(program)
  const store = await openChecked(complete, { ...options, workers: 1 })
  const live = await startLocal(complete, options, store, false)
  await live.opened
  return live
}

async function startWorkers(complete: CompleteProgram, options: StartOptions): Promise<LiveProgram> {
  const store = await openChecked(complete, options)
  if (options.workers === 1) return await startLocal(complete, options, store, true)
  return await startThreads(complete, options, store)
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
  // Nothing is read, so nothing is offloaded either: how many threads there are for that says nothing about those groups.
  const resting = { ...options, once: false, offloadThreads: undefined }
  if (store.groupCount > 1) checkThreads(complete, { ...resting, workers: store.groupCount })
  const live =
    store.groupCount === 1
      ? await startLocal(complete, resting, store, false)
      : await startThreads(complete, resting, store)
  live.opened.catch(() => {}) // `done` says the same
  await live.stop()
}

function checkThreads(complete: CompleteProgram, { workers, reference, offloadThreads }: StartOptions): void {
  const { sources, sinks } = complete
  if (reference === undefined) throw workersNeedFile(workers)
  threadsFor(complete, { workers, offloadThreads }, 0)
  if (sources.some(({ kind }) => kind === 'stdio')) throw stdinNeedsOneWorker(workers)
  if ([...sources, ...sinks].some((end) => end?.kind === 'kafka')) throw topicsNeedOneWorker(workers)
}

/** Opens something. If that fails, what was opened before is closed again. */
async function openOrClose<T>(
  before: readonly ({ close(): Promise<void> } | undefined)[],
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open()
  } catch (error) {
    for (const part of before) await part?.close()
    throw error
  }
}

async function startThreads(
  complete: CompleteProgram,
  options: StartOptions,
  store: LevelStore,
): Promise<ThreadedProgram> {
  const { follow, acceptTornRecords, once, reference, stallMs = defaultStallMs } = options
  const { sinks } = await openOrClose([store], () =>
    openEnds(complete, { ...options, readSources: false, desk: undefined }, new Outside()),
  )
  return new ThreadedProgram(complete.plan, {
    program: reference!,
    store,
    sinks: sinks.map((sink) => new MeteredSink(sink)),
    follow,
    acceptTornRecords,
    once,
    stallMs,
    offloadThreads: options.offloadThreads,
  })
}

async function startLocal(
  complete: CompleteProgram,
  options: StartOptions,
  store: LevelStore,
  readSources: boolean,
): Promise<LocalProgram> {
  const { plan, sources } = complete
  const { acceptTornRecords, offloadThreads } = options
  const outside = new Outside()
  const usesLoader = options.reference?.kind === 'file'
  const desk = await openOrClose([store], () =>
    openDesk(complete, {
      threads: threadsFor(complete, { workers: 1, offloadThreads }, 0),
      usesLoader,
      check: readSources,
    }),
  )
  const ends = await openOrClose([store, desk], () => openEnds(complete, { ...options, readSources, desk }, outside))
  const partitions = ends.partitions.map(({ source, partition }) => {
    return { source, partition: new MeteredPartition(partition, sources[source]!.kind === 'stdio') }
  })
  const sinks = ends.sinks.map((sink) => new MeteredSink(sink))
  const { shardCount } = store
  const worker = new Worker(
    plan,
    createCodec(),
    { clock: realClock, store, partitions, sinks, wake: () => outside.wake() },
    workerOptions({ group: 0, groupCount: 1, shardCount, acceptTornRecords }),
  )
  const metered = partitions.map(({ partition }) => partition)
  const live = new LocalProgram({ plan, worker, store, partitions: metered, sinks, desk }, options.once)
  const host = new WorkerHost(worker, realClock, { ticked: live.ticked })
  outside.meet({
    wake: host.wake,
    added: (source, partition) => void live.add(source, new MeteredPartition(partition, false)),
  })
  host.start()
  return live
}
