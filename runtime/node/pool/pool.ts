import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { offloadLoadMs } from '../../base/limits.ts'
import { progressField, type Task, type TaskResult } from './task.ts'

export interface PoolOptions {
  /** The file that handles tasks, in every thread. */
  readonly entry: URL
  readonly threads: number
  readonly workerData: unknown
}

/** How a task ended that has no result. */
export type Lost = { readonly kind: 'stuck' } | { readonly kind: 'died'; readonly cause: unknown }

/**
 * A few threads that do stateless work. Callers hand over no more tasks at a time than there are threads.
 *
 * Piscina keeps the threads. What it must be told, and why:
 * - Its own queue is not used: after a thread was ended, Piscina starts another only when it is given the next task.
 * - `idleTimeout` is 0 by default, and then a thread ends as soon as it has nothing to do.
 * - `atomics` is off: its threads would sleep between tasks, and whatever else the user's file has going would stand still.
 * - A thread that dies without a task makes an `error` event, which would end the process if nobody listened.
 */
export class Pool {
  readonly threads: number
  readonly #piscina: Piscina<Task, TaskResult>

  constructor({ entry, threads, workerData }: PoolOptions) {
    this.threads = threads
    this.#piscina = new Piscina<Task, TaskResult>({
      filename: fileURLToPath(entry),
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
      recordTiming: false,
      workerData,
    })
    this.#piscina.on('error', () => {}) // the next task gets a new thread
  }

  /**
   * Runs a task. Its thread is ended, with whatever it does, when one value has taken `stallMs` (and at most a quarter more). Throws
   * nothing.
   */
  async run(task: Task, stallMs: number): Promise<TaskResult | Lost> {
    const abort = new AbortController()
    const progress = new Progress(task, stallMs)
    const watch = setInterval(() => progress.isStuck() && abort.abort(), stallMs / 4)
    try {
      return await this.#piscina.run(task, { signal: abort.signal })
    } catch (cause) {
      return abort.signal.aborted && progress.hasBegun ? { kind: 'stuck' } : { kind: 'died', cause }
    } finally {
      clearInterval(watch)
    }
  }

  /** Ends all threads, whatever they do. */
  async close(): Promise<void> {
    await this.#piscina.destroy()
  }
}

/** How far a thread is with a task, as it says in shared memory. */
class Progress {
  readonly #task: Task
  readonly #stallMs: number
  #seen = 0
  #sinceMs = performance.now()

  constructor(task: Task, stallMs: number) {
    this.#task = task
    this.#stallMs = stallMs
  }

  get hasBegun(): boolean {
    return this.#seen > 0
  }

  isStuck(): boolean {
    const { progress, ends } = this.#task
    const at = Atomics.load(progress, progressField)
    const nowMs = performance.now()
    if (at !== this.#seen) {
      this.#seen = at
      this.#sinceMs = nowMs
      return false
    }
    // All are done: the result is on its way, and this thread has not looked yet.
    if (at > ends.length) return false
    return nowMs - this.#sinceMs >= (at === 0 ? offloadLoadMs : this.#stallMs)
  }
}
