import type { Clock } from '../../ports/clock.ts'
import type { Worker } from '../../worker/worker.ts'

/** The clock may be set while nobody looks: no sleep is longer than this, so no timer is later than this. */
const maxSleepMs = 60_000

/**
 * Runs a worker on the event loop of this thread.
 *
 * H1 One tick per turn of the loop: between two ticks every port gets to say what has happened, and other code its turn.
 *    While there is work the next turn follows at once; nothing here waits.
 * H2 When there is none, it sleeps until a port wakes it or the next timer is due. Idle costs nothing.
 * H3 While the worker runs the process stays, even if nothing else would keep it.
 */
export class WorkerHost {
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #ticked: () => void
  readonly #stay: NodeJS.Timeout = setInterval(() => {}, maxSleepMs)
  #turn: NodeJS.Immediate | undefined
  #sleep: NodeJS.Timeout | undefined
  #ended = false

  /** `ticked` is called after every tick: when the worker has stopped, for the last time. */
  constructor(worker: Worker, clock: Clock, ticked: () => void) {
    this.#worker = worker
    this.#clock = clock
    this.#ticked = ticked
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
    const more = this.#worker.tick()
    if (this.#worker.state === 'stopped') this.#end()
    else if (more) this.wake()
    else if (this.#turn === undefined) this.#sleepUntil(this.#worker.nextTimerAtMs)
    this.#ticked()
  }

  #sleepUntil(atMs: number | undefined): void {
    clearTimeout(this.#sleep)
    if (atMs === undefined) return
    const ms = Math.min(Math.max(atMs - this.#clock.nowMs(), 1), maxSleepMs)
    this.#sleep = setTimeout(this.wake, ms)
  }

  #end(): void {
    this.#ended = true
    clearTimeout(this.#sleep)
    clearImmediate(this.#turn)
    clearInterval(this.#stay)
  }
}
