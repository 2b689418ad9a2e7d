import type { WorkerThread } from './thread.ts'

/** How often it looks. */
const lookMs = 1_000

/** Ends threads that stay in one turn for too long: an endless loop answers nobody, and nothing but its end helps. */
export class Watchdog {
  readonly #timer: NodeJS.Timeout
  /** Where each thread was seen, and when first. */
  readonly #seen = new Map<WorkerThread, { readonly ticks: number; readonly sinceMs: number }>()

  constructor(stallMs: number, threads: () => readonly WorkerThread[]) {
    this.#timer = setInterval(() => this.#look(stallMs, threads()), Math.min(lookMs, stallMs / 2))
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(stallMs: number, threads: readonly WorkerThread[]): void {
    const nowMs = performance.now()
    for (const thread of this.#seen.keys()) if (!threads.includes(thread)) this.#seen.delete(thread)
    for (const thread of threads) {
      const { ticks, isInTick } = thread.counts
      const seen = this.#seen.get(thread)
      if (!isInTick || seen?.ticks !== ticks) this.#seen.set(thread, { ticks, sinceMs: nowMs })
      else if (nowMs - seen.sinceMs >= stallMs) {
        this.#seen.set(thread, { ticks, sinceMs: Number.POSITIVE_INFINITY }) // it is seen to
        void thread.killStuck(`it made no progress for ${Math.round(stallMs / 1_000)} s`)
      }
    }
  }
}
