import type { MillraceError } from '../base/errors.ts'
import type { RecordSlices } from '../shard/records.ts'

/**
 * One partition of a source: an ordered, re-readable log of records. A position is a number that grows with every record;
 * `next` of a batch is where its following record begins. (For a file: a byte offset; for a topic: an offset.)
 *
 * R1 Reading from a position gives the same records with the same offsets every time, or `failed` says why not.
 * R2 `poll` never blocks: it returns a batch that is ready, or undefined. Nothing of a batch is ever written to again.
 * R3 `seek` must be called before the first `poll`; the next batch begins with the first record at or after `next`, which is
 *    `start`, a record's offset or a batch's `next`. It may be called again at any time, also after a failure: batches of an older
 *    seek are never returned after it.
 * R4 `proof` describes the bytes just before `next`; '' vouches for nothing. `seek(next, proof)` on a source that was replaced
 *    or cut shorter fails with MR_SOURCE_REPLACED or MR_SOURCE_SHRANK, and no batch is ever returned.
 * R5 `wake` (given at creation) is called whenever a poll that returned undefined may now return something else, or `atEnd` or
 *    `failed` may be another. Never from inside a call.
 * R6 A record that cannot even be delimited fails the partition (MR_FRAMING_BROKEN); one that merely does not decode is data.
 */
export interface SourcePartition {
  readonly source: string
  readonly partition: string
  /** Where reading begins when nothing was read before. Default 0. Decided once: the reader commits it before the first record. */
  readonly start?: number
  seek(next: number, proof: string): void
  poll(maxRecords: number): RecordBatch | undefined
  /** For partitions that know: bytes are here that no poll has looked at yet, so the next one need not wait for any. */
  readonly hasMore?: boolean
  /** Whether everything that exists now was returned by `poll`. A followed file may grow afterwards. */
  readonly atEnd: boolean
  /** Set when the partition can give nothing any more. */
  readonly failed: MillraceError | undefined
  /** Told after a commit: everything before `next` is durable everywhere. */
  confirm(next: number): void
  close(): Promise<void>
}

export interface RecordBatch extends RecordSlices {
  readonly count: number
  /** The position after the last record. */
  readonly next: number
  readonly proof: string
}
