import { ChangelogStore } from '../../../runtime/changelog/changelog-store.ts'
import type { Division } from '../../../runtime/changelog/local-copy.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { ProcessLinks } from '../../../runtime/node/grpc/process-links.ts'
import { realClock } from '../../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../../runtime/node/host/worker-host.ts'
import type { Log } from '../../../runtime/ports/log.ts'
import type { SinkPort } from '../../../runtime/ports/sink.ts'
import type { Store } from '../../../runtime/ports/store.ts'
import { Worker } from '../../../runtime/worker/worker.ts'
import type { CompleteProgram } from '../../complete-bindings.ts'
import { type OpenPartition, openPartitions, openSinks } from '../open-ends.ts'
import { Outside } from '../outside.ts'
import { readerOf } from '../readers.ts'
import { topicSinkId } from '../topic-sink-id.ts'
import { workerOptions } from '../worker-options.ts'

/** A group that commits nothing asks so often whether it is still this process's. */
const lookMs = 1_000
/** Records behind the last shortening of a group. */
const shortenBeyondBytes = 64 << 20

export interface GroupHereParts {
  readonly group: number
  readonly complete: CompleteProgram
  readonly division: Division
  readonly log: Log
  readonly copies: Store
  readonly links: ProcessLinks
  readonly owner: { readonly incarnation: string; readonly address: string; readonly version: number }
}

/**
 * A commit group that runs in this process: its worker, the partitions of sources that it reads, and sinks of its own.
 *
 * H1 It learns that another process has opened the group also when it has nothing to commit: peers talk with the other one only, so it
 *    might have nothing for ever.
 *
 * Sinks have an id for each group. Whoever opens a group opens its sinks, and by that fences those of the owner before.
 */
export class GroupHere {
  /** Settles when the worker has stopped and its ends are closed: with what has stopped it, if it was not asked to. */
  readonly done: Promise<Error | undefined>
  readonly #group: number
  readonly #worker: Worker
  #commits = 0
  #isLooking = false

  static async open(parts: GroupHereParts): Promise<GroupHere> {
    const { group, complete, division } = parts
    const outside = new Outside()
    const reads = (source: number, partition: number): boolean =>
      readerOf(source, partition, division.groupCount) === group
    const partitions = await openPartitions(complete, { follow: true, once: false, desk: undefined, reads }, outside)
    try {
      const sinks = await openSinks(withOwnSinks(complete, group), 'disk')
      return new GroupHere(parts, partitions, sinks, outside)
    } catch (error) {
      await Promise.allSettled([...partitions.map(({ partition }) => partition.close()), outside.close()])
      throw error
    }
  }

  private constructor(
    parts: GroupHereParts,
    partitions: OpenPartition[],
    sinks: readonly SinkPort[],
    outside: Outside,
  ) {
    const { group, complete, division, links, log, copies, owner } = parts
    this.#group = group
    const { shardCount, groupCount } = division
    const store = new ChangelogStore({ log, copies, owner, division, shortenBeyondBytes })
    const wake = (): void => host.wake()
    const worker = (this.#worker = new Worker(
      complete.plan,
      createCodec(),
      {
        clock: realClock,
        store,
        partitions,
        sinks,
        links: {
          port: links.join(group, wake),
          groups: Array.from({ length: groupCount }, (_, other) => other).filter((other) => other !== group),
        },
        wake,
      },
      workerOptions({ group, groupCount, shardCount, acceptTornRecords: false }),
    ))
    const read = [...partitions]
    const looking = setInterval(() => this.#look(store), lookMs)
    const close = async (): Promise<Error | undefined> => {
      clearInterval(looking)
      links.leave(group)
      const ends = [...read.map(({ partition }) => partition), ...sinks, outside]
      const closed = await Promise.allSettled(ends.map((end) => end.close()))
      const failed = closed.find((one): one is PromiseRejectedResult => one.status === 'rejected')
      return worker.error ?? (failed?.reason as Error | undefined)
    }
    let stopped!: () => void
    this.done = new Promise<void>((resolve) => {
      stopped = resolve
    }).then(close)
    const ticked = (): void => {
      if (worker.state === 'stopped') stopped()
    }
    const host = new WorkerHost(worker, realClock, { hasLinks: true, ticked })
    outside.meet({
      wake,
      added: (source, partition) => {
        read.push({ source, partition })
        worker.read(source, partition)
      },
    })
    host.start()
  }

  /** H1 */
  #look(store: ChangelogStore): void {
    const worker = this.#worker
    const { commits } = worker.counts
    const isQuiet = commits === this.#commits
    this.#commits = commits
    if (worker.state !== 'running' || !isQuiet || this.#isLooking) return
    this.#isLooking = true
    store.verify(this.#group, (error) => {
      this.#isLooking = false
      if (error !== undefined) worker.fail(error)
    })
  }

  /** It runs somewhere else from now on: stops as soon as what was read is done, whatever others still have for it. */
  leave(): void {
    this.#worker.drain()
    this.#worker.leave()
  }
}

function withOwnSinks(complete: CompleteProgram, group: number): CompleteProgram {
  const { plan, sinks } = complete
  const own = sinks.map((end, i) => {
    if (end?.kind !== 'kafka') return end
    return { ...end, id: `${topicSinkId(end, plan.name, plan.sinks[i]!.name)}.${group}` }
  })
  return { ...complete, sinks: own }
}
