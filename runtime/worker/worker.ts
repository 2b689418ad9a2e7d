import { assert } from '../base/assert.ts'
import { type MillraceError, messageOf } from '../base/errors.ts'
import type { SourcePartition } from '../ports/source.ts'
import type { OpenedGroup } from '../ports/store.ts'
import type { Codec } from '../shard/codec.ts'
import { Group } from '../shard/group.ts'
import type { Plan } from '../shard/plan.ts'
import { recover } from '../shard/recover.ts'
import { Loader } from './loader.ts'
import { Pace } from './pace.ts'
import { type Found, type PartitionOfSource, Readers } from './readers.ts'
import { asMillraceError, stoppedError } from './stop-errors.ts'
import type { Wanted, WorkerCounts, WorkerState } from './requests.ts'
import { stageWanted } from './stage-wanted.ts'
import type { WorkerOptions, WorkerPorts } from './worker-ports.ts'

/**
 * Runs one commit group in the world: polls, steps, commits, and lets the world hear of what is durable. It never waits:
 * `tick` does what can be done now, and whoever owns the worker calls it again when a port has woken it or a timer is due.
 *
 *   poll sources and requests -> group.run -> seal -> store -> durable -> sinks, answers
 *
 * K1 One commit is on its way at a time; the next batch is filled and run meanwhile, and sealed when the commit is durable.
 *    So commits grow with the load by themselves. (While there is little to do, not at once: pace.ts.)
 * K2 Any failure of the store, and any error of the group, stops the worker: what is not durable never happened, and the next
 *    opening goes on from the last commit.
 * K3 A stop that is not a failure drains: sources are read no further, and what was read becomes durable and reaches the sinks.
 * K4 A worker with links that is drained goes on serving them until it is told to leave: one that went at once would leave
 *    behind those that still have something for it, and they would wait for it for ever.
 */
export class Worker {
  readonly plan: Plan
  readonly options: WorkerOptions
  readonly counts: WorkerCounts = { commits: 0, outputs: 0 }
  readonly #codec: Codec
  readonly #ports: WorkerPorts
  #state: WorkerState = 'new'
  #error: MillraceError | undefined = undefined
  #group: Group | undefined = undefined
  #epoch = 0
  /** Those that it reads as soon as it is open. */
  readonly #partitions: PartitionOfSource[]
  #readers: Readers | undefined = undefined
  /** What ports have told since the last tick. */
  #news: (() => void)[] = []
  #wanted: Wanted[] = []
  #flushes: Wanted[] = []
  #committing = false
  readonly #loader: Loader
  readonly #pace: Pace
  #sinksToOpen = 0
  #draining = false
  #drained = false
  #leaving = false

  constructor(plan: Plan, codec: Codec, ports: WorkerPorts, options: WorkerOptions) {
    this.plan = plan
    this.options = options
    this.#codec = codec
    this.#ports = ports
    this.#partitions = [...ports.partitions]
    this.#pace = new Pace(options.commitPauseMs)
    this.#loader = new Loader(
      ports.store,
      (tell) => this.#later(tell),
      (error) => this.#stop(error),
    )
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Why it stopped; undefined: it was asked to, and drained. */
  get error(): MillraceError | undefined {
    return this.#error
  }

  get group(): Group | undefined {
    return this.#group
  }

  /** Everything that was read is durable and with its sinks, and nothing waits. */
  get idle(): boolean {
    const links = this.#group?.links
    return this.#isIdleHere && links?.isQuiet !== false && links?.hasWaiting !== true
  }

  /** Idle as far as other groups have no part in it. */
  get #isIdleHere(): boolean {
    const group = this.#group
    if (this.#state !== 'running' || group === undefined || this.#sinksToOpen > 0) return false
    if (
      this.#committing ||
      this.#loader.busy ||
      this.#news.length > 0 ||
      this.#wanted.length > 0 ||
      this.#flushes.length > 0
    )
      return false
    return !group.hasWork && !group.hasWaiting && group.outboxes.every((outbox) => outbox.waitingBytes === 0)
  }

  /** Idle, and every source is at its end. */
  get finished(): boolean {
    return this.idle && this.#readers!.finished
  }

  /** Asked to drain, and done with that as far as it knows. Peers that are not may still have something for it. */
  get drained(): boolean {
    return this.#draining && this.idle && this.#readers!.settled
  }

  /** When the next timer is due, in ms of the clock; undefined: none is pending. */
  get nextTimerAtMs(): number | undefined {
    return this.#draining ? undefined : this.#group?.nextTimerAtMs
  }

  /** How long until there is something to do that no port will tell of, in ms; undefined: there is nothing. */
  get nextLookInMs(): number | undefined {
    const { clock } = this.#ports
    const { nextTimerAtMs } = this
    const pauseMs = this.#draining ? undefined : this.#pace.nextInMs(clock.elapsedMs())
    if (nextTimerAtMs === undefined) return pauseMs
    return Math.min(nextTimerAtMs - clock.nowMs(), pauseMs ?? Number.POSITIVE_INFINITY)
  }

  /** Opens the group from its store. Everything else happens in `tick`. */
  start(): void {
    assert(this.#state === 'new', 'a worker is started once')
    this.#state = 'opening'
    this.#ports.store.open(this.options.group, (error, opened) =>
      this.#later(() => (error === undefined ? this.#open(opened!) : this.#stop(error))),
    )
  }

  /** Stops reading, and stops when everything that was read is durable and with its sinks (K3, K4). */
  drain(): void {
    this.#draining = true
    this.#ports.wake()
  }

  /** All workers that drain together are drained (K4). */
  leave(): void {
    this.#leaving = true
    this.#ports.wake()
  }

  /** Stops, because of something that its ports cannot tell. */
  fail(error: MillraceError): void {
    this.#later(() => this.#stop(error))
  }

  want(wanted: Wanted): void {
    if (this.#state === 'stopped') wanted.done(stoppedError(this.#error))
    else {
      this.#wanted.push(wanted)
      this.#ports.wake()
    }
  }

  /** Reads one more partition from now on. */
  read(source: number, partition: SourcePartition): void {
    if (this.#readers === undefined) this.#partitions.push({ source, partition })
    else this.#later(() => this.#readers!.add({ source, partition }))
  }

  /** Does what can be done now. Returns whether calling again at once would do more. */
  tick(): boolean {
    if (this.#state === 'stopped') return false
    try {
      return this.#step()
    } catch (error) {
      this.#stop(error)
      return false
    }
  }

  #step(): boolean {
    const news = this.#news
    this.#news = []
    for (const tell of news) tell()
    const group = this.#group
    const readers = this.#readers
    if (group === undefined || readers === undefined || this.#isStopped()) return false
    // Before anything that takes long: what has become durable should not wait for the next batch.
    this.#feedSinks(group)
    group.begin(this.#ports.clock.nowMs())
    let progress = this.#receive(group) || news.length > 0
    if (!this.#draining) group.stage.timers()
    this.#takeWanted(group)
    group.stage.inbox()
    const found = this.#draining ? this.#readAgain(group, readers) : this.#read(group, readers)
    if (found !== 'nothing') progress = true
    if (this.#advance(group)) progress = true
    readers.confirm()
    group.links?.tick(this.#ports.clock.nowMs())
    if (this.#draining) this.#finishDrain(group)
    return progress && !this.#isStopped()
  }

  #receive(group: Group): boolean {
    const { links } = this.#ports
    if (links === undefined || group.links === undefined) return false
    let received = false
    for (let arrived = links.port.poll(); arrived !== undefined; arrived = links.port.poll()) {
      group.links.onFrame(arrived.peer, arrived.frame, this.#ports.clock.nowMs())
      received = true
    }
    return received
  }

  #isStopped = (): boolean => this.#state === 'stopped'

  #later(tell: () => void): void {
    if (this.#state === 'stopped') return
    this.#news.push(tell)
    this.#ports.wake()
  }

  #open(opened: OpenedGroup): void {
    const { group } = this.options
    const recovered = recover(group, opened, (shard) => this.options.ownerOf(shard) === group)
    this.#epoch = opened.epoch
    const { links } = this.#ports
    const outputChecks = this.#ports.sinks.map((sink) => sink.check?.bind(sink))
    this.#group = new Group(
      this.plan,
      this.#codec,
      { ...this.options, outputChecks },
      opened.epoch,
      recovered,
      links && {
        groups: links.groups,
        send: (peer, frame) => links.port.send(peer, frame),
        diverged: (_peer, error) => this.#later(() => this.#stop(error)),
      },
    )
    this.#readers = new Readers(this.#group, this.#partitions, this.options)
    this.#sinksToOpen = this.#ports.sinks.length
    this.#ports.sinks.forEach((sink, i) => {
      sink.open((error, positions) =>
        this.#later(() => {
          if (error !== undefined) return this.#stop(error)
          this.#group!.outboxes[i]!.open(
            positions ?? [],
            this.plan.sinks[i]!.key !== undefined,
            sink.guarantee === 'effectively-once',
          )
          this.#sinksToOpen -= 1
        }),
      )
    })
    this.#state = 'running'
    this.#ports.trace?.opened({ group, epoch: opened.epoch, number: recovered.number })
  }

  #takeWanted(group: Group): void {
    if (this.#wanted.length === 0 || !group.stage.hasRoom) return
    const wanted = this.#wanted
    this.#wanted = []
    for (const one of wanted) {
      try {
        if (one.kind === 'flush') {
          group.flush()
          this.#flushes.push(one)
        } else stageWanted(group, this.#codec, one)
      } catch (error) {
        one.done(error instanceof Error ? error : new Error(messageOf(error)))
      }
    }
  }

  #read(group: Group, readers: Readers): Found {
    const elapsedMs = this.#ports.clock.elapsedMs()
    if (!this.#pace.reads(elapsedMs)) return 'nothing'
    const found = this.#readSome(group, readers)
    this.#pace.hasRead(elapsedMs, found)
    return found
  }

  #readSome(group: Group, readers: Readers): Found {
    if (group.congested || group.links?.hasCredit === false) return 'nothing'
    if (readers.failed === undefined) return readers.read()
    this.#failSource(readers.failed)
    return 'nothing'
  }

  /** A peer that opened anew needs what it had not committed: a drain is not over before it has that. */
  #readAgain(group: Group, readers: Readers): Found {
    if (this.#error !== undefined || !group.stage.hasRoom || group.links?.hasCredit === false) return 'nothing'
    const lacks = readers.failedAndNeeded
    if (lacks !== undefined) this.#failSource(lacks)
    return readers.readAgain() ? 'some' : 'nothing'
  }

  /** A source that can give nothing more ends the worker, but what it gave before is finished first. */
  #failSource(error: MillraceError): void {
    this.#error ??= error
    this.#draining = true
  }

  /** Runs what is staged, and commits it unless a commit is under way or it waits for more. Returns whether calling again would do more. */
  #advance(group: Group): boolean {
    if (this.#loader.busy) return false
    if (!group.run()) {
      this.#loader.load(group)
      return false
    }
    this.#loader.listForgotten(group)
    if (this.#committing || this.#loader.busy || !group.hasWork) return false
    if (this.#waits(group)) return false
    const sealed = group.seal()
    if (sealed === undefined) return true
    const { number, record, rows, truncateBelow, nowMs, cut, handled } = sealed
    const id = this.options.group
    this.#ports.trace?.sealed({ group: id, epoch: this.#epoch, number, nowMs, cut, handled })
    this.#committing = true
    this.#pace.hasSealed(this.#ports.clock.elapsedMs())
    if (this.options.bugs.releaseBeforeCommit) for (const outbox of group.outboxes) outbox.durable(number)
    const flushes = group.flushing ? [] : this.#flushes.splice(0)
    this.#ports.store.commit({ group: id, epoch: this.#epoch, number, record, rows, truncateBelow }, (error) =>
      this.#later(() => {
        if (error !== undefined) {
          for (const flush of flushes) flush.done(error)
          return this.#stop(error)
        }
        this.#committing = false
        this.#pace.done()
        this.counts.commits += 1
        this.#ports.trace?.committed({ group: id, epoch: this.#epoch, number })
        group.durable(number, this.#ports.clock.nowMs())
        for (const flush of flushes) flush.done(undefined)
      }),
    )
    return false
  }

  /** Whether the batch waits for more. */
  #waits({ stage, batch }: Group): boolean {
    if (this.#draining || !stage.hasRoom || stage.isLarge) return false
    if (this.#pace.hasPlenty) return true
    return batch.count < this.options.smallBatchMessages && !this.#pace.seals(this.#ports.clock.elapsedMs())
  }

  #feedSinks(group: Group): void {
    group.outboxes.forEach((outbox, i) => {
      for (const outputs of outbox.takeReleased()) {
        this.counts.outputs += outputs.count
        this.#ports.sinks[i]!.write(outputs, (error) =>
          this.#later(() => {
            if (error !== undefined) this.#stop(error)
            else outbox.confirmed()
          }),
        )
      }
    })
  }

  #finishDrain(group: Group): void {
    const isAlone = this.#ports.links === undefined || this.#error !== undefined || this.#leaving
    if (!isAlone || !this.#isIdleHere) return
    if (this.#error === undefined) {
      if (!this.#drained) {
        // The last commits write everything back: the next opening finds no records to replay, and no outputs to send again.
        this.#drained = true
        group.sources.markDrained()
        group.flush()
      }
      if (group.hasWork) {
        this.#advance(group)
        return
      }
    }
    this.#stop(this.#error)
  }

  #stop(cause: unknown): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    if (cause !== undefined) this.#error = asMillraceError(cause)
    const error = stoppedError(this.#error)
    this.#group?.abandon(error)
    for (const wanted of [...this.#wanted, ...this.#flushes]) wanted.done(error)
    this.#wanted = []
    this.#flushes = []
    this.#ports.trace?.stopped({
      group: this.options.group,
      epoch: this.#epoch,
      code: this.#error?.code ?? '',
      message: this.#error?.message ?? '',
    })
    this.#ports.wake()
  }
}
