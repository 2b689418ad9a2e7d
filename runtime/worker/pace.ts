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
 */
export class Pace {
  readonly #pauseMs: number
  /** The last look at the sources brought all that it may: they have more. */
  hasPlenty = false
  /** When they gave something, if they did the last time. */
  #readAtMs = Number.NEGATIVE_INFINITY
  #sealedAtMs = Number.NEGATIVE_INFINITY
  /** A commit is done, and nothing was read since. */
  #isDone = false
  #nextAtMs: number | undefined = undefined

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs
  }

  /** When to look again, because something waits for the end of a pause; undefined: nothing does. */
  get nextAtMs(): number | undefined {
    return this.#nextAtMs
  }

  /** Whether to read now. */
  reads(nowMs: number): boolean {
    this.#nextAtMs = undefined
    if (this.hasPlenty || this.#isDone || !this.#pauses(this.#readAtMs, nowMs)) return true
    this.#wait(this.#readAtMs)
    return false
  }

  /** The sources were read. */
  hasRead(nowMs: number, found: Found): void {
    this.#readAtMs = found === 'nothing' ? Number.NEGATIVE_INFINITY : nowMs
    this.#isDone = false
    this.hasPlenty = found === 'plenty'
  }

  /** Whether to seal a small batch. */
  seals(nowMs: number): boolean {
    if (!this.#pauses(this.#sealedAtMs, nowMs)) return true
    this.#wait(this.#sealedAtMs)
    return false
  }

  hasSealed(nowMs: number): void {
    this.#sealedAtMs = nowMs
  }

  done(): void {
    this.#isDone = true
  }

  /** The clock may have been set back since then. */
  #pauses(sinceMs: number, nowMs: number): boolean {
    return nowMs >= sinceMs && nowMs < sinceMs + this.#pauseMs
  }

  #wait(sinceMs: number): void {
    this.#nextAtMs = Math.min(this.#nextAtMs ?? Number.POSITIVE_INFINITY, sinceMs + this.#pauseMs)
  }
}
