import type { MillraceError } from '../base/errors.ts'

/**
 * A log of records in partitions, of which each commit group has one. Several processes write to the same partition without knowing
 * of each other: what a record means is decided by whoever reads (runtime/changelog/judge.ts), never here.
 *
 * L1 Records have offsets 0, 1, 2, ... without gaps. What is read at an offset stays there, for everybody.
 * L2 `append` answers with the offset when the record is durable there. An error that is `certain` says that it is not in the log
 *    and never will be. Any other: it may be there, or come later, and a repeated one more than once.
 * L3 `read` gives records from an offset on, in order, whole: at least one if there is one. What was appended, and answered, before
 *    the call is before `end`, unless brokers have lost it. Nothing, when `from` is not in [low, end).
 * L4 `deleteBefore` removes the records before an offset, and no others. It never brings any back.
 * L5 `done` is called exactly once, later, never from inside the call. Calls of one caller for a partition are made one after the other.
 * L6 Bytes that were passed in belong to the caller again when the call returns; bytes that were handed out belong to the receiver.
 */
export interface Log {
  append(partition: number, bytes: Uint8Array, done: (error: MillraceError | undefined, offset?: number) => void): void
  read(partition: number, from: number, done: (error: MillraceError | undefined, found?: LogRead) => void): void
  deleteBefore(partition: number, offset: number, done: (error: MillraceError | undefined) => void): void
}

export interface LogRead {
  /** The first offset that is there. */
  readonly low: number
  /** The offset after the last record. */
  readonly end: number
  /** The first has the offset that was asked for. */
  readonly records: readonly Uint8Array[]
}
