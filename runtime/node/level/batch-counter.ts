import { writeBufferBytes } from './database.ts'

/**
 * Numbers the batches and knows whose rows (see BatchRow) are still needed. A batch is out of danger once LevelDB has moved
 * it from the write-ahead log into a table; that has happened for certain when two more write buffers were filled and
 * waited for. We wait for four.
 */
const safeBytes = 4 * writeBufferBytes
/** Rows removed with one batch. More than one, or the surplus would never shrink. */
const removedAtOnce = 256

export class BatchCounter {
  newest: number
  oldest: number
  #writtenBytes = 0
  /** Now and then a batch, and how much had been written when it was durable. */
  readonly #notes: { readonly number: number; readonly writtenBytes: number }[]

  /** `isSafe`: all batches so far are known to be in tables. Opening a database moves everything there. */
  constructor(oldest: number, newest: number, isSafe: boolean) {
    this.oldest = oldest
    this.newest = newest
    this.#notes = [{ number: newest, writtenBytes: isSafe ? Number.NEGATIVE_INFINITY : 0 }]
  }

  /** The number of the next batch, and the numbers whose rows it removes. */
  next(): { readonly number: number; readonly removed: readonly number[] } {
    const removed: number[] = []
    while (this.#notes.length > 0 && removed.length < removedAtOnce) {
      const note = this.#notes[0]!
      if (this.#writtenBytes - note.writtenBytes < safeBytes) break
      if (this.oldest > note.number) this.#notes.shift()
      else removed.push(this.oldest++)
    }
    this.newest += 1
    return { number: this.newest, removed }
  }

  written(number: number, bytes: number): void {
    this.#writtenBytes += bytes
    const last = this.#notes.at(-1)
    if (last === undefined || this.#writtenBytes - last.writtenBytes >= writeBufferBytes)
      this.#notes.push({ number, writtenBytes: this.#writtenBytes })
  }
}
