import { createCodec } from '../../../runtime/codec/codec.ts'
import { realClock } from '../../../runtime/node/host/real-clock.ts'
import { WorkerHost } from '../../../runtime/node/host/worker-host.ts'
import type { LevelStore } from '../../../runtime/node/level/store.ts'
import { asMillraceError, toWire } from '../../../runtime/node/threads/error-wire.ts'
import { PortLinks } from '../../../runtime/node/threads/port-links.ts'
import { SharedCounts } from '../../../runtime/node/threads/shared-counts.ts'
import { SinkProxy } from '../../../runtime/node/threads/sink-proxy.ts'
import { Worker } from '../../../runtime/worker/worker.ts'
import type { SinkPort } from '../../../runtime/ports/sink.ts'
import type { Plan } from '../../../runtime/shard/plan.ts'
import type { RestReport } from '../../../runtime/worker/rest.ts'
import type { CompleteProgram } from '../../complete-bindings.ts'
import { MeteredPartition } from '../metered-partition.ts'
import { openPartitions, openSinks, prepareFormats } from '../open-ends.ts'
import type { OffloadDesk } from '../offload/desk.ts'
import { openDesk, threadsFor } from '../offload/open-desk.ts'
import { Outside } from '../outside.ts'
import { readerOf } from '../readers.ts'
import { workerOptions } from '../worker-options.ts'
import { carefulPlan } from './careful-plan.ts'
import { messageNote } from './message-note.ts'
import type { FromThread, ThreadStart, ToThread, WireWanted } from './protocol.ts'
import { RowReaders } from './row-readers.ts'

/** Commits after which a thread that took the place of a dead one no longer notes what it does. */
const carefulCommits = 100

type Partitions = readonly { readonly source: number; readonly partition: MeteredPartition }[]
type Post = (message: FromThread, transfer?: readonly ArrayBuffer[]) => void

/** The worker of one commit group, in a thread of its own. */
export class ThreadWorker {
  readonly #start: ThreadStart
  readonly #post: Post
  readonly #store: LevelStore
  readonly #codec = createCodec()
  readonly #counts: SharedCounts
  readonly #links: PortLinks
  readonly #partitions: { readonly source: number; readonly partition: MeteredPartition }[]
  readonly #sinks: readonly SinkProxy[]
  readonly #worker: Worker
  readonly #host: WorkerHost
  readonly #rows: RowReaders
  readonly #desk: OffloadDesk | undefined
  readonly #outside: Outside
  #isOpen = false
  #draining = false
  /** What was said last of being quiet. */
  #said = ''
  #closing = false

  /** Opens the partitions that are this worker's to read. `usesLoader`: how threads for offloaded steps load their files. */
  static async open(
    start: ThreadStart,
    complete: CompleteProgram,
    store: LevelStore,
    post: Post,
    usesLoader: boolean,
  ): Promise<ThreadWorker> {
    const { group, follow, once, offloadThreads } = start
    const { groupCount, durability } = start.store
    const outside = new Outside()
    await prepareFormats(complete)
    const threads = threadsFor(complete, { workers: groupCount, offloadThreads }, group)
    const desk = await openDesk(complete, { threads, usesLoader, check: true })
    const reads = (source: number, partition: number): boolean => readerOf(source, partition, groupCount) === group
    const opened = await openPartitions(complete, { follow, once, desk, reads }, outside)
    const partitions = opened.map(({ source, partition }) => ({
      source,
      partition: new MeteredPartition(partition, false),
    }))
    const likes = await openSinks(complete, durability)
    // What they know they know by now. Nothing is written by them.
    await Promise.all(likes.map((like) => like.close()))
    return new ThreadWorker(start, complete.plan, store, post, { partitions, likes, outside, desk })
  }

  /** `likes`: sinks that are never opened, and know what fits. */
  private constructor(
    start: ThreadStart,
    plan: Plan,
    store: LevelStore,
    post: Post,
    ends: {
      readonly partitions: Partitions
      readonly likes: readonly SinkPort[]
      readonly outside: Outside
      readonly desk: OffloadDesk | undefined
    },
  ) {
    this.#start = start
    this.#post = post
    this.#store = store
    this.#counts = new SharedCounts(start.counts)
    const { group } = start
    const { groupCount, shardCount } = start.store
    const wake = (): void => this.#host.wake()
    this.#links = new PortLinks(wake)
    for (const peer of start.peers) this.#links.connect(peer.group, peer.port)
    this.#partitions = [...ends.partitions]
    this.#desk = ends.desk
    this.#outside = ends.outside
    this.#sinks = ends.likes.map((like, i) => new SinkProxy(like, i, post))
    const isCareful = (): boolean => this.#worker.counts.commits < carefulCommits
    this.#worker = new Worker(
      start.careful ? carefulPlan(plan, isCareful, (text) => (this.#counts.note = text)) : plan,
      this.#codec,
      {
        clock: realClock,
        store,
        partitions: this.#partitions,
        sinks: this.#sinks,
        links: {
          port: this.#links,
          groups: Array.from({ length: groupCount }, (_, other) => other).filter((other) => other !== group),
        },
        wake,
      },
      workerOptions({ group, groupCount, shardCount, acceptTornRecords: start.acceptTornRecords }),
    )
    this.#host = new WorkerHost(this.#worker, realClock, {
      hasLinks: true,
      ticking: () => this.#counts.step(),
      ticked: () => this.#ticked(),
    })
    ends.outside.meet({ wake, added: (source, partition) => this.#add(source, new MeteredPartition(partition, false)) })
    this.#rows = new RowReaders({ group, groupCount, worker: this.#worker, store, post })
  }

  #add(source: number, partition: MeteredPartition): void {
    this.#partitions.push({ source, partition })
    this.#worker.read(source, partition)
  }

  run(): void {
    this.#host.start()
  }

  /** What a handler has at this moment; '' when none runs. */
  get doing(): string {
    const handling = this.#worker.group?.handling
    return handling === undefined ? '' : messageNote(handling.route, handling.key, handling.message)
  }

  /** The thread is being ended from inside: the handler that does it is still there. */
  exiting(): void {
    const { doing } = this
    if (doing !== '') this.#counts.note = doing
  }

  hear(message: ToThread): void {
    switch (message.kind) {
      case 'peer':
        return this.#links.connect(message.group, message.port)
      case 'drain':
        this.#draining = true
        return this.#worker.drain()
      case 'leave':
        return this.#worker.leave()
      case 'report':
        return this.#report(message.round)
      case 'want':
        return this.#want(message.id, message.wanted)
      case 'sink-opened': {
        const { error, positions } = message
        return this.#sinks[message.sink]!.opened(error && asMillraceError(error), positions)
      }
      case 'sink-written':
        return this.#sinks[message.sink]!.written(message.error && asMillraceError(message.error))
      default:
        return this.#rows.hear(message)
    }
  }

  #want(id: number, wanted: WireWanted): void {
    const done = (error: Error | undefined, answer?: unknown): void => {
      const value = error === undefined && answer !== undefined ? this.#codec.encode(answer).slice() : undefined
      this.#post({ kind: 'wanted', id, error: error && toWire(error), value })
    }
    if (wanted.kind === 'get') return this.#worker.want({ ...wanted, done })
    const message = this.#codec.decode(wanted.message, 0, wanted.message.length)
    this.#worker.want({ ...wanted, message, done })
  }

  #report(round: number): void {
    const report: RestReport = { quiet: this.#isQuiet, links: this.#links.counts }
    this.#said = this.#quietText(report.quiet)
    this.#post({ kind: 'report', round, report })
  }

  get #isQuiet(): boolean {
    return this.#draining ? this.#worker.drained : this.#isOpen && this.#worker.finished
  }

  /** Is another when whoever looks for rest should know. */
  #quietText(quiet: boolean): string {
    return `${this.#draining} ${quiet ? JSON.stringify(this.#links.counts) : ''}`
  }

  #ticked(): void {
    this.#counts.step()
    if (this.#start.careful) this.#counts.note = ''
    this.#count()
    if (this.#worker.state === 'stopped') {
      void this.#close()
      return
    }
    if (!this.#isOpen) this.#lookWhetherOpen()
    if (this.#start.once || this.#draining) this.#sayWhetherQuiet()
  }

  /** Says it when it is news, and while it is quiet also when frames have moved. */
  #sayWhetherQuiet(): void {
    const quiet = this.#isQuiet
    const said = this.#quietText(quiet)
    if (said === this.#said) return
    this.#said = said
    this.#post({ kind: 'quiet', quiet, draining: this.#draining })
  }

  #lookWhetherOpen(): void {
    const { group, state } = this.#worker
    if (state !== 'running' || group === undefined || !group.outboxes.every(({ opened }) => opened)) return
    if (!this.#partitions.every(({ partition }) => partition.tried)) return
    this.#isOpen = true
    this.#post({ kind: 'opened' })
  }

  #count(): void {
    const { group, counts } = this.#worker
    let read = 0
    let committed = 0
    for (const { partition } of this.#partitions) {
      read += partition.read
      committed += partition.committed
    }
    const deadLetters = group === undefined ? 0 : group.deadLetters - group.deadLettersBefore
    this.#counts.set({ read, committed, deadLetters, handled: group?.handledCount ?? 0, commits: counts.commits })
  }

  async #close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    let error: unknown = this.#worker.error
    const close = (closing: Promise<void>): Promise<void> =>
      closing.catch((failure: unknown) => void (error ??= failure))
    await Promise.all(this.#partitions.map(({ partition }) => close(partition.close())))
    await close(this.#outside.close())
    if (this.#desk !== undefined) await close(this.#desk.close())
    this.#links.close()
    await close(this.#store.close())
    this.#post({ kind: 'stopped', error: error === undefined ? undefined : toWire(error) })
  }
}
