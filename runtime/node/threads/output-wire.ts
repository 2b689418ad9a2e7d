import type { LanePosition, OutputBatch } from '../../ports/sink.ts'

/** A batch of outputs without what lies around them in the commit record, to be handed to another thread. */
export interface WireOutputs {
  readonly count: number
  readonly buffer: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly shards: Uint16Array
  readonly keys: readonly string[] | undefined
  readonly positions: readonly LanePosition[]
}

export function packOutputs(batch: OutputBatch): WireOutputs {
  const { count, positions } = batch
  let size = 0
  for (let i = 0; i < count; i++) size += batch.ends[i]! - batch.starts[i]!
  const buffer = new Uint8Array(size)
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const shards = new Uint16Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    starts[i] = at
    buffer.set(batch.buffer.subarray(batch.starts[i]!, batch.ends[i]!), at)
    at += batch.ends[i]! - batch.starts[i]!
    ends[i] = at
    shards[i] = batch.shards[i]!
  }
  return { count, buffer, starts, ends, shards, keys: batch.keys?.slice(0, count), positions: positions.map(plain) }
}

/** What of it changes hands. */
export function transferred({ buffer, starts, ends, shards }: WireOutputs): ArrayBuffer[] {
  return [buffer, starts, ends, shards].map((array) => array.buffer as ArrayBuffer)
}

function plain({ shard, number, chainHigh, chainLow }: LanePosition): LanePosition {
  return { shard, number, chainHigh, chainLow }
}
