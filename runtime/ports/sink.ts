import type { MillraceError } from '../base/errors.ts'

/**
 * Where outputs leave. Outputs come in lanes, one per shard; every lane counts its outputs 1, 2, 3, ... and chains a hash
 * over them. A sink that keeps the positions of its lanes in one atomic step with the content is effectively-once.
 *
 * O1 `open` answers with the durable position of every lane it has ever seen, after undoing whatever was half written.
 * O2 Batches are applied in the order of `write`. `done` is called once per batch, in order, never from inside the call, and
 *    only when content and positions are durable (as far as `durability` says).
 * O3 After a crash, content and positions agree: content is exactly the outputs up to the positions (effectively-once), or
 *    may have outputs after them (at-least-once, as `guarantee` says).
 * O4 After the first failure every later batch fails.
 * O5 A later `open` of the same outside fences: from then on a batch of an earlier one changes nothing and fails with
 *    MR_FENCED, as far as the outside can tell the two apart.
 */
export interface SinkPort {
  readonly sink: string
  readonly guarantee: 'effectively-once' | 'at-least-once'
  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void
  /** The batch, its memory included, stays as it is until it is done. */
  write(batch: OutputBatch, done: (error: MillraceError | undefined) => void): void
  /**
   * Whether this sink can take `bytes[start, end)` as one output. Asked before the output is committed (RULE 7): one that is refused here
   * fails its handler, one that is refused by `write` fails the sink. Absent: it takes anything within the limits.
   */
  check?: ((bytes: Uint8Array, start: number, end: number) => MillraceError | undefined) | undefined
  /** Batches that were written before are still applied, and their `done` called. */
  close(): Promise<void>
}

export interface LanePosition {
  readonly shard: number
  /** Number of the last output; 0: none yet. */
  readonly number: number
  readonly chainHigh: number
  readonly chainLow: number
}

export interface OutputBatch {
  readonly count: number
  readonly buffer: Uint8Array
  /** Output i is `buffer[starts[i], ends[i])`. */
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
  /** The shard whose lane output i belongs to. */
  readonly shards: ArrayLike<number>
  /** The key of output i, where the sink has keys. */
  readonly keys: readonly string[] | undefined
  /** Positions, after this batch, of the lanes that it moves. */
  readonly positions: readonly LanePosition[]
}
