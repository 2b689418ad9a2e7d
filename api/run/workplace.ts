import { createCodec } from '../../runtime/codec/codec.ts'
import { realClock } from '../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../runtime/node/host/worker-host.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import { SharedSink } from '../../runtime/node/threads/shared-sink.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import type { CompleteProgram } from '../complete-bindings.ts'
import { checkEnds } from './check-ends.ts'
import { checkProgram } from './check-program.ts'
import { checkSourcePlans } from './check-source-plans.ts'
import { LocalShift } from './local-shift.ts'
import { MeteredPartition } from './metered-partition.ts'
import { MeteredSink } from './metered-sink.ts'
import { openPartitions, openSinks, prepareFormats } from './open-ends.ts'
import { openDesk, threadsFor } from './offload/open-desk.ts'
import { Outside } from './outside.ts'
import { regroupStore } from './regroup-store.ts'
import { stdinNeedsOneWorker, workersNeedFile } from './request-errors.ts'
import type { Shift } from './shift.ts'
import type { StartOptions } from './start-options.ts'
import { WorkerThread } from './threads/thread.ts'
import { ThreadShift } from './threads/thread-shift.ts'
import { workerOptions } from './worker-options.ts'

const defaultStallMs = 30_000

/**
 * What the shifts of a program share, on the main thread: the store, which it opens first and closes last, and the sinks.
 *
 * W1 There is one shift at a time, and as many groups as it has workers.
 * W2 The number of groups changes between two shifts, when the one before has come to rest, in one step of the store.
 */
export class Workplace {
  readonly complete: CompleteProgram
  readonly store: LevelStore
  readonly sinks: readonly MeteredSink[]
  readonly #options: StartOptions
  readonly #shared: readonly SharedSink[]
  /** Threads that have loaded the program, for the next shift. */
  #spares: WorkerThread[] = []

  /** Throws what is wrong with the program, its ends, or the store; then nothing is left open. */
  static async open(complete: CompleteProgram, options: StartOptions): Promise<Workplace> {
    checkEnds(complete)
    checkWorkers(complete, options)
    const { data: path, durability, workers: groupCount, acceptTornRecords } = options
    const store = await openLevelStore({ path, durability, groupCount })
    try {
      await checkProgram(store, complete.plan)
      if (store.groupCount > 1 || groupCount > 1) await checkSourcePlans(store, complete.plan, acceptTornRecords)
      checkWorkers(complete, { ...options, workers: store.groupCount, offloadThreads: undefined })
      await prepareFormats(complete)
      return new Workplace(complete, options, store, await openSinks(complete, durability))
    } catch (error) {
      await store.close()
      throw error
    }
  }

  private constructor(
    complete: CompleteProgram,
    options: StartOptions,
    store: LevelStore,
    sinks: Awaited<ReturnType<typeof openSinks>>,
  ) {
    this.complete = complete
    this.#options = options
    this.store = store
    this.sinks = sinks.map((sink) => new MeteredSink(sink))
    this.#shared = this.sinks.map((sink) => new SharedSink(sink))
  }

  /**
   * Does what can be done for a shift of so many workers while another works: the pause between the two is so much shorter. Throws
   * why there can be no such shift.
   */
  async prepare(workers: number): Promise<void> {
    const options = { ...this.#options, workers }
    checkWorkers(this.complete, options)
    if (workers === 1) return
    this.#spares = Array.from({ length: workers }, () => this.#newThread())
    try {
      await Promise.all(this.#spares.map(({ loaded }) => loaded))
    } catch (error) {
      this.#dismissSpares()
      throw error
    }
  }

  #dismissSpares(): void {
    for (const spare of this.#spares.splice(0)) spare.kill('it is not needed')
  }

  /** Work begins, with as many workers as there are groups. */
  begin(): Promise<Shift> {
    return this.store.groupCount === 1
      ? this.beginLocal(true)
      : Promise.resolve(this.#beginThreads(this.#options.once, this.#options.offloadThreads))
  }

  /** One worker, on this thread. Without sources, what happens is only what is asked for. */
  async beginLocal(readsSources: boolean): Promise<LocalShift> {
    const { complete, store } = this
    const { acceptTornRecords, once, follow, offloadThreads, reference } = this.#options
    const outside = new Outside()
    const desk = await openDesk(complete, {
      threads: threadsFor(complete, { workers: 1, offloadThreads }, 0),
      usesLoader: reference?.kind === 'file',
      check: readsSources,
    })
    const reads = (): boolean => readsSources
    const opened = await orClose(desk, openPartitions(complete, { follow, once, desk, reads }, outside))
    const partitions = opened.map(({ source, partition }) => {
      return { source, partition: new MeteredPartition(partition, complete.sources[source]!.kind === 'stdio') }
    })
    const worker = new Worker(
      complete.plan,
      createCodec(),
      {
        clock: realClock,
        store,
        partitions,
        sinks: this.#shared.map((sink) => sink.portOf({ group: 0, owns: () => true })),
        wake: () => outside.wake(),
      },
      workerOptions({ group: 0, groupCount: 1, shardCount: store.shardCount, acceptTornRecords }),
    )
    const metered = partitions.map(({ partition }) => partition)
    const shift = new LocalShift({ worker, store, partitions: metered, desk, outside }, readsSources && once)
    const host = new WorkerHost(worker, realClock, { ticked: shift.ticked })
    outside.meet({
      wake: host.wake,
      added: (source, partition) => void shift.add(source, new MeteredPartition(partition, false)),
    })
    host.start()
    return shift
  }

  /** Has so many groups from now on. Before the first shift: what waits is finished first, with the groups that there are. */
  async regroup(workers: number): Promise<void> {
    await this.store.catchUp()
    await regroupStore(this.store, workers)
  }

  /** As `regroup`, when nobody knows whether the groups are at rest. */
  async restAndRegroup(workers: number): Promise<void> {
    if (this.store.groupCount === workers) return
    // Threads open sources, because what one group has read another may still need.
    const shift = this.store.groupCount === 1 ? await this.beginLocal(false) : this.#beginThreads(false, undefined)
    shift.opened.catch(() => {}) // `done` says the same
    shift.drain()
    await shift.done
    await this.regroup(workers)
  }

  /** To be called when no shift works. Sinks first, the store last. */
  async close(): Promise<void> {
    this.#dismissSpares()
    const closed = await Promise.allSettled(this.#shared.map((sink) => sink.close()))
    await this.store.close()
    for (const one of closed) if (one.status === 'rejected') throw one.reason
  }

  /** Groups that only come to rest have as many threads for offloaded steps as they need. */
  #beginThreads(once: boolean, offloadThreads: number | undefined): ThreadShift {
    const { follow, acceptTornRecords, stallMs = defaultStallMs, notice = () => {} } = this.#options
    const { store } = this
    this.#spares = this.#spares.filter(({ isGone }) => !isGone)
    return new ThreadShift({
      thread: () => this.#spares.pop() ?? this.#newThread(),
      store,
      sinks: this.#shared,
      follow,
      acceptTornRecords,
      once,
      stallMs,
      offloadThreads,
      notice,
    })
  }

  #newThread(): WorkerThread {
    const { reference, heapMb } = this.#options
    return new WorkerThread(reference!, heapMb)
  }
}

async function orClose<T>(before: { close(): Promise<void> } | undefined, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    await before?.close()
    throw error
  }
}

function checkWorkers(complete: CompleteProgram, { workers, reference, offloadThreads }: StartOptions): void {
  threadsFor(complete, { workers, offloadThreads }, 0)
  if (workers === 1) return
  if (reference === undefined) throw workersNeedFile(workers)
  if (complete.sources.some(({ kind }) => kind === 'stdio')) throw stdinNeedsOneWorker(workers)
}
