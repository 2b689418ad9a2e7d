import type { Buffer } from 'node:buffer'
import type { LanePosition } from '../../../ports/sink.ts'
import { WireReader, WireWriter } from '../wire/bytes.ts'

const version = 1

/** What a transaction leaves behind: how far every lane is, and who says so. */
export interface Positions {
  /** A number that each opening of the sink draws: whose it is, it is theirs. */
  readonly owner: number
  readonly lanes: ReadonlyMap<number, LanePosition>
  /** For each partition of the content the offset after what was written to it, as far as it was known then. */
  readonly written: ReadonlyMap<number, number>
}

export function encodePositions({ owner, lanes, written }: Positions): Buffer {
  const writer = new WireWriter(16 + lanes.size * 20 + written.size * 12)
  writer.int8(version)
  writer.int64(owner)
  writer.int32(lanes.size)
  for (const { shard, number, chainHigh, chainLow } of lanes.values()) {
    writer.int32(shard)
    writer.int64(number)
    writer.int32(chainHigh)
    writer.int32(chainLow)
  }
  writer.int32(written.size)
  for (const [partition, next] of written) {
    writer.int32(partition)
    writer.int64(next)
  }
  return writer.bytes
}

/** Undefined: another version wrote it. */
export function decodePositions(bytes: Buffer): Positions | undefined {
  const reader = new WireReader(bytes)
  if (reader.int8() !== version) return undefined
  const owner = reader.int64()
  const lanes = new Map<number, LanePosition>()
  for (let count = reader.count(); count > 0; count--) {
    const shard = reader.int32()
    const number = reader.int64()
    lanes.set(shard, { shard, number, chainHigh: reader.int32(), chainLow: reader.int32() })
  }
  const written = new Map<number, number>()
  for (let count = reader.count(); count > 0; count--) written.set(reader.int32(), reader.int64())
  return { owner, lanes, written }
}

/** Whether both are equally far, on the same history. */
export function sameLanes(a: Positions['lanes'], b: Positions['lanes']): boolean {
  if (a.size !== b.size) return false
  for (const [shard, { number, chainHigh, chainLow }] of a) {
    const other = b.get(shard)
    if (other?.number !== number || other.chainHigh !== chainHigh || other.chainLow !== chainLow) return false
  }
  return true
}
