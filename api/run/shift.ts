import type { ThreadCounts } from '../../runtime/node/threads/shared-counts.ts'
import type { Rows } from './states.ts'

/** A message that somebody outside sends, as it was when it was sent. */
export interface Asked {
  readonly route: number
  readonly key: string
  /** The codec's bytes. */
  readonly message: Uint8Array
  readonly id: string | undefined
  readonly wantsAnswer: boolean
}

/**
 * The workers of a program from one change of their number to the next. A shift has partitions and threads of its own; the store
 * and the sinks outlive it.
 */
export interface Shift {
  /** It runs, or why it does not. */
  readonly opened: Promise<void>
  /**
   * Nothing of it runs any more, and what it opened is closed. When it was drained everything is at rest: all that was read is
   * committed and with the sinks. Rejects with the error that ended it otherwise.
   */
  readonly done: Promise<void>
  /** Reads no further, finishes what was read, and ends. */
  drain(): void
  /** Since it began. */
  readonly counts: ThreadCounts
  /** Resolves with the answer, when that is durable. */
  asked(shard: number, asked: Asked): Promise<unknown>
  stateOf(shard: number, entity: number, key: string): Promise<unknown>
  /** Rows with `from <= key < to`, those of each worker as of one commit. */
  rows(from: Uint8Array, to: Uint8Array): Promise<Rows>
}
