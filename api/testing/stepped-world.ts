import * as limits from '../../runtime/base/limits.ts'
import { Prng } from '../../runtime/base/prng.ts'
import type { Trace } from '../../runtime/ports/trace.ts'
import { noBugs } from '../../runtime/shard/bugs.ts'
import type { Handled } from '../../runtime/shard/handled.ts'
import { SimDisk } from '../../runtime/sim/sim-disk.ts'
import { SimOutside, SimSink } from '../../runtime/sim/sim-sink.ts'
import { SimLog } from '../../runtime/sim/sim-source.ts'
import { SimStore } from '../../runtime/sim/sim-store.ts'
import type { StoreContent } from '../../runtime/sim/store-content.ts'
import type { Wanted } from '../../runtime/worker/requests.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import { Describer } from './describe.ts'
import type { HeldOutput } from './results.ts'
import { SimulationError } from './simulation-error.ts'
import type { TestProgram } from './test-program.ts'

const group = 0
/** So many messages between entities without a pause are a circle that nothing ends. */
const endurance = 10_000

/**
 * One worker as in production, with a store, a clock, sources and sinks in memory, and nothing that goes wrong. Whatever is asked
 * of it is done before the call returns: everything that ports do later waits in one queue, which is run until nothing is left.
 */
export class SteppedWorld {
  nowMs: number
  readonly #program: TestProgram
  readonly #disk = new SimDisk()
  readonly #logs: readonly SimLog[]
  readonly #outsides: readonly SimOutside[]
  readonly #worker: Worker
  /** Messages that were handled, and lines about what else happened. */
  readonly #events: (Handled | string)[] = []
  /** What ports do next, in the order in which they were asked. */
  #later: (() => void)[] = []
  #awake = false
  #sent = 0

  constructor(program: TestProgram, nowMs: number) {
    this.#program = program
    this.nowMs = nowMs
    const { plan, codec } = program
    const prng = new Prng(0, 1)
    const schedule = (_what: string, run: () => void): void => void this.#later.push(run)
    const wake = (): void => void (this.#awake = true)
    this.#logs = plan.sources.map(({ name }) => new SimLog({ source: name, partition: '0', prng }))
    this.#outsides = plan.sinks.map(({ name }) => new SimOutside({ sink: name }))
    this.#worker = new Worker(
      plan,
      codec,
      {
        clock: { nowMs: () => this.nowMs, elapsedMs: () => 0 },
        store: new SimStore({ disk: this.#disk, durability: 'disk', schedule }),
        partitions: this.#logs.map((log, source) => ({
          source,
          partition: log.read({ schedule, prng, readAhead: limits.maxBatchMessages, wake }),
        })),
        sinks: this.#outsides.map((outside) => new SimSink({ outside, schedule, prng })),
        trace: this.#listener(),
        wake,
      },
      {
        group,
        // One shard: then what is pushed is handled in the order in which it was pushed, whatever its key.
        shardCount: 1,
        ownerOf: () => group,
        cacheBytes: limits.defaultCacheBytes,
        windowBytes: limits.writeBackBytes(limits.defaultCacheBytes),
        maxBatchMessages: limits.maxBatchMessages,
        maxHops: limits.maxHops,
        recordsPerTick: limits.maxBatchMessages,
        commitPauseMs: 0,
        smallBatchMessages: limits.smallBatchMessages,
        tracing: true,
        acceptTornRecords: false,
        bugs: noBugs,
      },
    )
    this.#worker.start()
    this.settle()
  }

  push(source: number, records: readonly Uint8Array[]): void {
    this.#logs[source]!.append(records)
    this.settle()
  }

  want(wanted: Wanted): void {
    this.#worker.want(wanted)
    this.settle()
  }

  /** Time goes on, from timer to timer. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const timer = this.#worker.nextTimerAtMs
      if (timer === undefined || timer > endMs) break
      this.nowMs = Math.max(this.nowMs, timer)
      this.settle()
    }
    this.nowMs = endMs
    this.settle()
  }

  /** Runs until nothing is left to do. Throws what stopped the worker, or a SimulationError: stuck. */
  settle(): void {
    const worker = this.#worker
    const start = this.#sent
    this.#program.guard.run(() => {
      for (;;) {
        this.#awake = false
        const progress = worker.tick()
        if (worker.error !== undefined) throw worker.error
        const [next] = this.#later.splice(0, 1)
        if (next !== undefined) next()
        else if (!progress && !this.#awake) return
        if (this.#sent - start > endurance) throw this.#endless()
      }
    })
  }

  stores(): readonly StoreContent[] {
    const disk = this.#disk
    return [
      {
        rows: disk.rows(),
        groups: [{ group, newest: disk.newest(group), owns: () => true, records: disk.records(group) }],
      },
    ]
  }

  held(sink: string): readonly HeldOutput[] {
    return this.#outsides.find((outside) => outside.sink === sink)!.outputs()
  }

  /** What happened, in lines: all of it, or the last `count` events. */
  trace(count: number = this.#events.length): string {
    const describer = new Describer(this.#program.plan, this.#program.codec)
    return this.#events
      .slice(-count)
      .map((event) => (typeof event === 'string' ? event : describer.line(event)))
      .join('\n')
  }

  #listener(): Trace {
    const say = (event: Handled | string): void => void this.#events.push(event)
    return {
      opened() {},
      sealed: ({ number, handled }) => {
        this.#sent += handled.filter(({ origin }) => origin.kind === 'message').length
        for (const one of handled) say(one)
        if (handled.length > 0) say(`commit ${number}`)
      },
      committed() {},
      stopped: ({ message }) => say(`stopped: ${message}`),
      note: ({ text }) => say(text),
    }
  }

  #endless(): SimulationError {
    return new SimulationError({
      verdict: 'stuck',
      property: 'eventuallyQuiet',
      what: `it does not come to rest: ${endurance} messages were sent without a pause`,
      trace: this.trace(50),
    })
  }
}
