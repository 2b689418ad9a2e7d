import type { GroupLog } from './group-log.ts'
import { encodeBegin, encodeChunk, encodeEnd, parseRecord, type Rows } from './log-record.ts'
import type { Task } from './task.ts'

/** One record with rows is about so large: what a commit may have to wait for. */
const chunkBytes = 512 << 10

/**
 * Copies a group into its log, so that what lies before can be deleted. It is done step by step, between commits: the rows are of no
 * common moment, and need not be (docs/decisions/0015-state-in-a-changelog.md).
 */
export class Shortening {
  readonly #log: GroupLog
  readonly #ranges: (readonly [from: Uint8Array, to: Uint8Array])[]
  #slices: Uint8Array[][] = []
  #number = 0
  #chunks = 0

  constructor(log: GroupLog) {
    this.#log = log
    this.#ranges = log.copy.ranges()
  }

  /** Whether the log has become long enough that it is worth it. */
  static isDue({ judged }: GroupLog, beyondBytes: number): boolean {
    return judged.tailBytes > beyondBytes + 2 * judged.chunkBytes
  }

  /** Appends one record. False: that was the last. Throws as `write` of the log does. */
  *step(): Task<boolean> {
    if (this.#number === 0) {
      const { standing } = this.#log.judged
      this.#number = standing.shortenings + 1
      yield* this.#write(encodeBegin(standing))
      return true
    }
    const rows = yield* this.#take()
    if (rows.length > 0) {
      yield* this.#write(encodeChunk(this.#log.claim!, this.#number, this.#chunks, rows))
      this.#chunks += 1
      return true
    }
    yield* this.#write(encodeEnd(this.#log.claim!, this.#number, this.#chunks))
    yield* this.#log.forgetPast()
    return false
  }

  *#write(bytes: Uint8Array): Task<void> {
    yield* this.#log.write(parseRecord(bytes))
  }

  /** The next rows. None: there are no more. */
  *#take(): Task<Rows> {
    const rows: Rows[number][] = []
    for (let sizeBytes = 0; sizeBytes < chunkBytes; ) {
      const keys = this.#slices.shift()
      if (keys === undefined) {
        const range = this.#ranges.shift()
        if (range === undefined) return rows
        this.#slices = yield* this.#log.copy.keys(...range)
        continue
      }
      for (const row of yield* this.#log.copy.rows(keys)) {
        rows.push(row)
        sizeBytes += row[0].length + row[1].length
      }
    }
    return rows
  }
}
