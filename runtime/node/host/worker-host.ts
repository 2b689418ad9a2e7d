import { linkResendMs } from '../../base/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Worker } from '../../worker/worker.ts'

/** The clock may be set while nobody looks: no sleep is longer than this, so no timer is later than this. */
const maxSleepMs = 60_000

export interface WorkerHostOptions {
  /** Called after every tick: when the worker has stopped, for the last time. */
  readonly ticked: () => void
  /** Called before every tick. */
  readonly ticking?: () => void
  /** Whether the worker has links to others. */
  readonly hasLinks?: boolean
}

/**
 * Runs a worker on the event loop of this thread.
 *
 * H1 One tick per turn of the loop: between two ticks every port gets to say what has happened, and other code its turn.
 *    While there is work the next turn follows at once; nothing here waits.
 * H2 When there is none, it sleeps until a port wakes it or the next timer is due. Idle costs nothing.
 *    A worker with links looks at its clock now and then until it is finished: a peer that has gone wakes nobody.
 * H3 While the worker runs the process stays, even if nothing else would keep it.
 */
export class WorkerHost {
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #options: WorkerHostOptions
  readonly #stay: NodeJS.Timeout = setInterval(() => {}, maxSleepMs)
  #turn: NodeJS.Immediate | undefined
  #sleep: NodeJS.Timeout | undefined
  #sleepsUntilMs: number | undefined
  #ended = false

  constructor(worker: Worker, clock: Clock, options: WorkerHostOptions) {
    this.#worker = worker
    this.#clock = clock
    this.#options = options
  }

  /** Something has happened that the worker should look at. May be called from anywhere, also from inside a tick. */
  readonly wake = (): void => {
    if (!this.#ended) this.#turn ??= setImmediate(this.#tick)
  }

  start(): void {
    this.#worker.start()
    this.wake()
  }

  readonly #tick = (): void => {
    this.#turn = undefined
    this.#options.ticking?.()
    const more = this.#worker.tick()
    if (this.#worker.state === 'stopped') this.#end()
    else if (more) this.wake()
    else if (this.#turn === undefined) this.#sleepFor(this.#nextLookInMs)
    this.#options.ticked()
  }

  get #nextLookInMs(): number {
    const inMs = this.#worker.nextLookInMs ?? Number.POSITIVE_INFINITY
    return this.#options.hasLinks !== true || this.#worker.finished ? inMs : Math.min(inMs, linkResendMs)
  }

  /** A timer that ends by then already is kept: a new one would wait for another whole millisecond. */
  #sleepFor(sleepMs: number): void {
    if (sleepMs === Number.POSITIVE_INFINITY) return this.#stopSleeping()
    const ms = Math.min(Math.max(sleepMs, 1), maxSleepMs)
    const untilMs = this.#clock.elapsedMs() + ms
    if (this.#sleepsUntilMs !== undefined && this.#sleepsUntilMs <= untilMs) return
    this.#stopSleeping()
    this.#sleepsUntilMs = untilMs
    this.#sleep = setTimeout(this.#wakeUp, ms)
  }

  #stopSleeping(): void {
    clearTimeout(this.#sleep)
    this.#sleepsUntilMs = undefined
  }

  readonly #wakeUp = (): void => {
    this.#sleepsUntilMs = undefined
    this.wake()
  }

  #end(): void {
    this.#ended = true
    this.#stopSleeping()
    clearImmediate(this.#turn)
    clearInterval(this.#stay)
  }
}
