import type { Found } from './readers.ts'

/**
 * When sources are read and small batches are sealed. Much of what a commit costs does not depend on its size. If each began as soon as the
 * one before is done, a load of a few thousand messages a second would keep a core busy, and the threads that write commits would wait
 * for that core.
 *
 * P1 What comes after a pause is read and committed at once.
 * P2 While sources have little, they are read when a commit is done, and otherwise once in `pauseMs`; and a small batch is not sealed
 *    sooner than `pauseMs` after the last one.
 * P3 While they have plenty there is no pause: the next batch is filled while a commit is on its way (K1).
 *
 * All times are of a clock that nobody sets (`Clock.elapsedMs`): with one that is set back, or stands still, a pause might have no end.
 */
export class Pace {
  readonly #pauseMs: number
  #hasPlenty = false
  /** When they gave something, if they did the last time. */
  #readAtMs = Number.NEGATIVE_INFINITY
  #sealedAtMs = Number.NEGATIVE_INFINITY
  /** A commit is done, and nothing was read since. */
  #isDone = false
  #nextAtMs: number | undefined = undefined

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs
  }

  /** The last look at the sources brought all that it may: they have more. */
  get hasPlenty(): boolean {
    return this.#hasPlenty
  }

  /** How long until something need not wait any more; undefined: nothing waits. */
  nextInMs(elapsedMs: number): number | undefined {
    return this.#nextAtMs === undefined ? undefined : this.#nextAtMs - elapsedMs
  }

  /** Whether to read now. */
  reads(elapsedMs: number): boolean {
    this.#nextAtMs = undefined
    if (this.#hasPlenty || this.#isDone || !this.#pauses(this.#readAtMs, elapsedMs)) return true
    this.#wait(this.#readAtMs)
    return false
  }

  /** The sources were read. */
  hasRead(elapsedMs: number, found: Found): void {
    this.#readAtMs = found === 'nothing' ? Number.NEGATIVE_INFINITY : elapsedMs
    this.#isDone = false
    this.#hasPlenty = found === 'plenty'
  }

  /** Whether to seal a small batch. */
  seals(elapsedMs: number): boolean {
    if (!this.#pauses(this.#sealedAtMs, elapsedMs)) return true
    this.#wait(this.#sealedAtMs)
    return false
  }

  hasSealed(elapsedMs: number): void {
    this.#sealedAtMs = elapsedMs
  }

  done(): void {
    this.#isDone = true
  }

  #pauses(sinceMs: number, elapsedMs: number): boolean {
    return elapsedMs < sinceMs + this.#pauseMs
  }

  #wait(sinceMs: number): void {
    this.#nextAtMs = Math.min(this.#nextAtMs ?? Number.POSITIVE_INFINITY, sinceMs + this.#pauseMs)
  }
}
