import type { MillraceError } from '../base/errors.ts'

/**
 * Where commits become durable. One store per node, shared by the commit groups (workers) of that node.
 *
 * S1 `commit` is atomic: after any crash all of it is there or none of it.
 * S2 `done` is called without error only when the commit is durable: after `kill -9` with durability `process`, after a
 *    power cut too with `disk`. It is called exactly once, never from inside the call, in the order of the calls.
 * S3 Commits of one group are applied in the order of the calls. After the first failure every later one fails too.
 * S4 `open` fences: it raises the group's epoch durably before it answers, and from then on a commit that names an older
 *    epoch changes nothing and fails with MR_FENCED. (RULE 5: what judges ownership is the store.)
 * S5 `open` verifies what it can (format, shard count, missing records) and refuses with a stable code.
 * S6 `read` answers with the values of one moment that is not before the call; rows of commits that are not done may or may not be seen.
 * S7 `scan` walks a snapshot of the moment it was called, in key order.
 * S8 `list` gives the keys with `from <= key < to`, of one moment that is not before the call, in key order.
 * S9 Bytes that were passed in belong to the caller again when the call returns; bytes that were handed out belong to the receiver.
 */
export interface Store {
  readonly durability: 'disk' | 'process'
  open(group: number, done: (error: MillraceError | undefined, opened?: OpenedGroup) => void): void
  commit(write: CommitWrite, done: (error: MillraceError | undefined) => void): void
  read(
    keys: readonly Uint8Array[],
    done: (error: MillraceError | undefined, values?: readonly (Uint8Array | undefined)[]) => void,
  ): void
  list(
    from: Uint8Array,
    to: Uint8Array,
    done: (error: MillraceError | undefined, keys?: readonly Uint8Array[]) => void,
  ): void
  /** Rows with `from <= key < to`. */
  scan(from: Uint8Array, to: Uint8Array): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>
}

export interface CommitWrite {
  readonly group: number
  /** As `OpenedGroup.epoch`. */
  readonly epoch: number
  /** 1, 2, 3, ... for ever, per group. */
  readonly number: number
  readonly record: Uint8Array
  /** Rows written back with their value as of this commit; a value of undefined removes the row. */
  readonly rows: readonly (readonly [key: Uint8Array, value: Uint8Array | undefined])[]
  /** Records below this number are no longer needed. The newest stays in any case. */
  readonly truncateBelow: number
}

export interface OpenedGroup {
  readonly epoch: number
  /** Every row of the spaces that are held in memory whole: headers, catalog, timers (see runtime/shard/row-key.ts). */
  readonly resident: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
  /** The group's commit records that were not truncated, in order. */
  readonly records: readonly { readonly number: number; readonly record: Uint8Array }[]
}
