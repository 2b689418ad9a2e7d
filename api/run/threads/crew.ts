import { MillraceError } from '../../../runtime/base/errors.ts'
import type { LevelStore } from '../../../runtime/node/level/store.ts'
import { fromWire, toWire } from '../../../runtime/node/threads/error-wire.ts'
import type { SharedSink, SharingGroup } from '../../../runtime/node/threads/shared-sink.ts'
import type { ThreadCounts } from '../../../runtime/node/threads/shared-counts.ts'
import { RestDetector } from '../../../runtime/worker/rest.ts'
import { Outcome } from '../outcome.ts'
import { stoppedEarly } from '../request-errors.ts'
import { ownerOf } from '../worker-options.ts'
import { Deaths } from './deaths.ts'
import { Member } from './member.ts'
import type { FromThread } from './protocol.ts'
import type { WorkerThread } from './thread.ts'
import { Watchdog } from './watchdog.ts'

export interface CrewParts {
  /** One that works for no group yet. */
  readonly thread: () => WorkerThread
  readonly store: LevelStore
  /** Whose they are: the main thread's. */
  readonly sinks: readonly SharedSink[]
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  /** Stop when every source is at its end, and everything is committed and with the sinks. */
  readonly once: boolean
  /** So long may a thread stay in one turn before it counts as lost. */
  readonly stallMs: number
  readonly offloadThreads: number | undefined
  /** Told of threads that are replaced. */
  readonly notice: (text: string) => void
}

/**
 * The worker threads of a program: one for each commit group. The main thread starts them, hands their outputs to the sinks, and
 * sees to it that they stop together; no message between them passes through it.
 *
 *   running -> draining -> leaving -> over
 *
 * C1 All drain, and none leaves before all are drained at the same moment (K4 of worker.ts).
 * C2 A thread that dies is replaced when it is gone for certain: the next one opens the same group from its last commit. The others
 *    go on. There are never two threads of one group.
 * C3 A worker that stops with an error ends the program, and the others wherever they are: they could not come to rest without it,
 *    and must not say that they have. What they have committed reaches the sinks after the next start.
 * C4 It has ended when all threads are gone. Then the store and the sinks, which are not its own, are free for others.
 */
export class Crew {
  readonly #parts: CrewParts
  readonly #members: readonly Member[]
  readonly #deaths: readonly Deaths[]
  readonly #sharing: readonly SharingGroup[]
  readonly #watchdog: Watchdog
  #phase: 'running' | 'draining' | 'leaving' | 'over' = 'running'
  #rounds = 0
  #detector: RestDetector
  #error: unknown
  readonly #opening = new Outcome()
  readonly #ending = new Outcome()
  #isOpen = false

  constructor(parts: CrewParts) {
    this.#parts = parts
    const { store } = parts
    const groups = Array.from({ length: store.groupCount }, (_, group) => group)
    this.#members = groups.map((group) => new Member(group, () => this.#lost(group)))
    this.#deaths = groups.map((group) => new Deaths(group))
    const owner = ownerOf(store.groupCount)
    this.#sharing = groups.map((group) => ({ group, owns: (shard) => owner(shard) === group }))
    this.#detector = this.#detect()
    this.#watchdog = new Watchdog(parts.stallMs, () => this.#members.flatMap(({ thread }) => thread ?? []))
    for (const member of this.#members) this.#start(member)
  }

  get opened(): Promise<void> {
    return this.#opening.promise
  }

  get done(): Promise<void> {
    return this.#ending.promise
  }

  get counts(): ThreadCounts {
    const sum: ThreadCounts = { read: 0, committed: 0, handled: 0, deadLetters: 0, commits: 0 }
    for (const { counts } of this.#members)
      for (const name of Object.keys(sum) as (keyof ThreadCounts)[]) sum[name] += counts[name]
    return sum
  }

  /** Of the shard, of course. */
  member(shard: number): Member {
    return this.#members[ownerOf(this.#members.length)(shard)]!
  }

  get members(): readonly Member[] {
    return this.#members
  }

  /** Reads no further; ends when everything that was read is committed and with the sinks. */
  drain(): void {
    if (this.#phase !== 'running') return
    this.#phase = 'draining'
    this.#detector = this.#detect()
    for (const { thread } of this.#members) thread?.tell({ kind: 'drain' })
  }

  #start(member: Member): void {
    const { store, follow, acceptTornRecords, once, offloadThreads } = this.#parts
    const { group } = member
    const thread = this.#parts.thread()
    thread.begin({
      store: store.shared,
      group,
      follow,
      acceptTornRecords,
      once,
      offloadThreads,
      careful: this.#deaths[group]!.count > 0,
      others: this.#members.flatMap((other) => other.thread ?? []),
      heard: (message) => this.#heard(member, thread, message),
      ended: (why) => this.#ended(member, thread, why),
    })
    this.#detector.forget(group)
    member.began(thread)
    if (this.#phase !== 'running') thread.tell({ kind: 'drain' })
    if (this.#phase === 'leaving') thread.tell({ kind: 'leave' })
  }

  #heard(member: Member, thread: WorkerThread, message: Exclude<FromThread, { kind: 'loaded' }>): void {
    const { group } = member
    switch (message.kind) {
      case 'opened':
        member.isOpen = true
        this.#lookWhetherOpen()
        return
      case 'quiet':
        if (message.draining === (this.#phase === 'draining')) this.#detector.said(group, message.quiet)
        return
      case 'report':
        return this.#detector.answered(group, message.round, message.report)
      case 'sink-open':
        return this.#parts.sinks[message.sink]!.open(this.#sharing[group]!, (error, positions = []) => {
          const { sink } = message
          this.#tell(member, thread, { kind: 'sink-opened', sink, error: error && toWire(error), positions })
        })
      case 'sink-write':
        return this.#parts.sinks[message.sink]!.write(group, message.outputs, (error) => {
          this.#tell(member, thread, { kind: 'sink-written', sink: message.sink, error: error && toWire(error) })
        })
      case 'stopped':
        member.hasStopped = true
        if (message.error !== undefined) this.#fail(fromWire(message.error))
        return
      default:
        return member.answered(message)
    }
  }

  /** To the thread that asked, unless another has taken its place. */
  #tell(member: Member, thread: WorkerThread, message: Parameters<WorkerThread['tell']>[0]): void {
    if (member.thread === thread) thread.tell(message)
  }

  #ended(member: Member, thread: WorkerThread, why: string | undefined): void {
    if (why !== undefined && this.#error === undefined) {
      const { note } = thread.counts
      const hopeless = this.#deaths[member.group]!.add(why, note, thread.counts.get().commits)
      if (hopeless === undefined) {
        this.#parts.notice(replaced(member.group, why, note))
        member.ended()
        this.#start(member)
        return
      }
      member.hasStopped = true
      this.#fail(hopeless)
    }
    member.hasStopped = true
    member.ended()
    if (this.#members.every(({ hasStopped, thread: running }) => hasStopped && running === undefined)) this.#close()
  }

  /** C3 */
  #fail(error: unknown): void {
    this.#error ??= error
    this.#phase = 'leaving'
    for (const { thread, hasStopped } of this.#members) if (!hasStopped) thread?.kill('another worker has failed')
  }

  #detect(): RestDetector {
    const ask = (): number => {
      this.#rounds += 1
      for (const { thread } of this.#members) thread?.tell({ kind: 'report', round: this.#rounds })
      return this.#rounds
    }
    const groups = this.#members.map(({ group }) => group)
    return new RestDetector(groups, ask, () => this.#atRest())
  }

  #atRest(): void {
    if (this.#phase === 'running' && this.#parts.once) this.drain()
    else if (this.#phase === 'draining') {
      this.#phase = 'leaving'
      for (const { thread } of this.#members) thread?.tell({ kind: 'leave' })
    }
  }

  #lookWhetherOpen(): void {
    if (this.#isOpen || !this.#members.every(({ isOpen }) => isOpen)) return
    this.#isOpen = true
    this.#opening.settle(undefined)
  }

  #lost(group: number): MillraceError {
    return new MillraceError('MR_STOPPED', `worker ${group} has stopped before it answered`, {
      next: 'Ask again. Whether this request took effect is unknown unless it had an id',
      certain: false,
      cause: this.#error,
    })
  }

  /** C4 */
  #close(): void {
    if (this.#phase === 'over') return
    this.#phase = 'over'
    this.#watchdog.stop()
    if (!this.#isOpen) this.#opening.settle(this.#error ?? stoppedEarly())
    this.#ending.settle(this.#error)
  }
}

function replaced(group: number, why: string, note: string): string {
  const over = note === '' ? '' : ` over ${note}`
  return `worker ${group} has died${over}: ${why}. Another thread goes on from its last commit`
}
