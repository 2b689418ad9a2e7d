import { linkResendMs } from '../base/limits.ts'
import type { SinkPort } from '../ports/sink.ts'
import type { SourcePartition } from '../ports/source.ts'
import type { Trace } from '../ports/trace.ts'
import { noBugs } from '../shard/bugs.ts'
import { Worker } from '../worker/worker.ts'
import { SimLinks } from './sim-links.ts'
import { SimSink } from './sim-sink.ts'
import type { Schedule } from './sim-source.ts'
import type { SimStore } from './sim-store.ts'
import type { SimNode, Surroundings } from './surroundings.ts'

/** The process that a worker is part of. */
export interface HostProcess {
  readonly node: SimNode
  readonly name: string
  readonly version: number
  readonly alive: boolean
}

/** Runs one worker the way a host does: ticks it when a port has woken it, or when a timer is due. */
export class SimHost {
  readonly group: number
  readonly instance: HostProcess
  readonly worker: Worker
  readonly links: SimLinks
  readonly #around: Surroundings
  readonly #partitions: readonly { readonly source: number; readonly partition: SourcePartition }[]
  readonly #sinks: readonly SimSink[]
  #ticking = false
  #sleepsUntil = Number.POSITIVE_INFINITY
  /** Of its group; 0: not open yet. */
  epoch = 0
  /** Told after every tick. */
  onTick: (() => void) | undefined = undefined

  constructor(around: Surroundings, instance: HostProcess, store: SimStore, group: number) {
    this.#around = around
    this.instance = instance
    this.group = group
    const { program, shape, scheduler, prng, network, logs } = around
    const plan = program.plans[instance.version]!
    const wake = (): void => this.wake()
    this.links = new SimLinks(group, network, wake)
    const schedule = (kind: 'source' | 'sink'): Schedule =>
      scheduler.lane(`${instance.name} `, () => around.delays(kind))
    this.#partitions = logs
      .filter(({ log }) => around.readerOf(log) === group)
      .map(({ log }) => ({
        source: plan.sources.findIndex(({ name }) => name === log.source),
        partition: log.read({ schedule: schedule('source'), prng, readAhead: shape.readAhead, wake }),
      }))
    this.#sinks = plan.sinks.map(({ name }) => this.#openSink(name, schedule('sink')))
    const others = [...new Set(shape.owners)].filter((other) => other !== group).sort((a, b) => a - b)
    const { cacheBytes, windowBytes, maxBatchMessages, maxHops, recordsPerTick, commitPauseMs, smallBatchMessages } =
      shape
    const { shardCount, owners } = shape
    this.worker = new Worker(
      plan,
      program.codec,
      {
        clock: { nowMs: () => this.clockMs, elapsedMs: () => Math.floor(scheduler.nowMs) },
        store,
        partitions: this.#partitions,
        sinks: this.#sinks.map((sink) => this.#watched(sink)),
        ...(others.length > 0 ? { links: { port: this.links, groups: others } } : {}),
        trace: this.#trace(),
        wake,
      },
      {
        group,
        shardCount,
        cacheBytes,
        windowBytes,
        maxBatchMessages,
        maxHops,
        recordsPerTick,
        commitPauseMs,
        smallBatchMessages,
        ownerOf: (shard) => owners[shard]!,
        tracing: true,
        acceptTornRecords: false,
        bugs: { ...noBugs, ...around.bugs },
      },
    )
  }

  start(): void {
    this.worker.start()
  }

  /** What the clock of its node says. */
  get clockMs(): number {
    return this.#around.scheduler.nowMs + this.instance.node.clockMs
  }

  /** Whether it reads the logs that are its own by now, and no others. */
  get readsWhatItShould(): boolean {
    const { logs, readerOf } = this.#around
    return logs.every(
      ({ log }) =>
        (readerOf(log) === this.group) ===
        this.#partitions.some(
          ({ partition }) => partition.source === log.source && partition.partition === log.partition,
        ),
    )
  }

  wake(): void {
    if (this.#ticking || !this.instance.alive) return
    this.#ticking = true
    const { scheduler } = this.#around
    scheduler.after(
      scheduler.draw(this.#around.delays('tick')),
      `${this.instance.name} group ${this.group} ticks`,
      () => this.#tick(),
    )
  }

  get stopped(): boolean {
    return this.worker.state === 'stopped'
  }

  /** Lets go of what it holds outside. `killed`: what its sinks were doing stays half done. */
  abandon(killed: boolean): void {
    for (const { partition } of this.#partitions) void partition.close()
    for (const sink of this.#sinks) {
      if (killed) sink.crash()
      else void sink.close()
    }
  }

  #tick(): void {
    this.#ticking = false
    if (!this.instance.alive || this.stopped) return
    if (this.worker.tick()) this.wake()
    if (!this.stopped) this.#sleep()
    this.onTick?.()
  }

  /** A timer, or a frame that was lost without a word, wakes nobody. */
  #sleep(): void {
    const { scheduler, shape } = this.#around
    const inMs = this.worker.nextLookInMs
    let delayMs = inMs === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(inMs))
    if (new Set(shape.owners).size > 1 && !this.worker.finished) delayMs = Math.min(delayMs, linkResendMs)
    const untilMs = scheduler.nowMs + delayMs
    if (untilMs >= this.#sleepsUntil && this.#sleepsUntil > scheduler.nowMs) return
    if (delayMs === Number.POSITIVE_INFINITY) return
    this.#sleepsUntil = untilMs
    scheduler.after(delayMs, `${this.instance.name} group ${this.group} looks at its clock`, () => {
      if (this.#sleepsUntil === untilMs) this.#sleepsUntil = Number.POSITIVE_INFINITY
      this.wake()
    })
  }

  #openSink(name: string, schedule: Schedule): SimSink {
    const { faults, prng } = this.#around
    const places = [
      ['sink-refused', 'refused'],
      ['sink-lost', 'lost'],
      ['sink-applied', 'applied'],
      ['sink-full', 'full'],
    ] as const
    return new SimSink({
      outside: this.#around.outside(this.group, name),
      schedule,
      prng,
      fault: () =>
        places.find(([kind]) =>
          faults.strikes(kind, 0.1, () => `${this.instance.name}: a batch for sink ${name}`),
        )?.[1],
    })
  }

  /** The sink, with every batch that it is handed written down. */
  #watched(sink: SimSink): SinkPort {
    return {
      sink: sink.sink,
      guarantee: sink.guarantee,
      open: (done) => sink.open(done),
      write: (batch, done) => {
        this.#around.journal({ kind: 'written', group: this.group, sink: sink.sink, positions: batch.positions })
        this.#around.note(
          () => `${this.instance.name} group ${this.group} releases ${batch.count} outputs for ${sink.sink}`,
        )
        sink.write(batch, done)
      },
      close: () => sink.close(),
    }
  }

  #trace(): Trace {
    const { journal, note, program } = this.#around
    const { version, name } = this.instance
    return {
      opened: ({ group, epoch, number }) => {
        this.epoch = epoch
        journal({ kind: 'opened', group, epoch, number, version })
        note(() => `${name} group ${group} is open: epoch ${epoch}, after commit ${number}`)
      },
      sealed: ({ group, epoch, number, nowMs, handled }) => {
        journal({ kind: 'sealed', group, epoch, number, nowMs, handled, version })
        note(() => `${name} group ${group} seals commit ${number} of ${handled.length} messages`)
        if (program.describe !== undefined) for (const one of handled) note(() => `  ${program.describe!(one)}`)
      },
      committed: ({ group, epoch, number }) => {
        journal({ kind: 'committed', group, epoch, number })
        note(() => `${name} group ${group}: commit ${number} is durable`)
      },
      stopped: ({ group, message }) =>
        note(() => `${name} group ${group} stops${message === '' ? '' : `: ${message}`}`),
      note: ({ text }) => note(() => `${name}: ${text}`),
    }
  }
}
