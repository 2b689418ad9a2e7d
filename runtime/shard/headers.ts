import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { type Position, readPosition, writePosition } from './record.ts'

/** What a group must know at open that no single row says. Written with every commit that drops old records. */
export interface GroupHeader {
  /** As of this commit. */
  readonly number: number
  readonly chainHigh: number
  readonly chainLow: number
  readonly nowMs: number
  readonly cut: number
  readonly deadLetters: number
  readonly sources: readonly StoredSource[]
}

export interface StoredSource {
  /** Durable number of the source's name. */
  readonly source: number
  readonly partition: string
  readonly start: number
  readonly next: number
  readonly proof: string
  readonly fingerprint: string
  /** Everything before `next` was durable and nothing was read beyond: the pure steps may change here (RULE 8). */
  readonly drained: boolean
}

export function encodeGroupHeader(header: GroupHeader): Uint8Array {
  const out = new ByteWriter()
  out.f64(header.number)
  out.u32(header.chainHigh)
  out.u32(header.chainLow)
  out.f64(header.nowMs)
  out.u32(header.cut)
  out.f64(header.deadLetters)
  out.varint(header.sources.length)
  for (const source of header.sources) {
    out.varint(source.source)
    out.text(source.partition)
    out.f64(source.start)
    out.f64(source.next)
    out.text(source.proof)
    out.text(source.fingerprint)
    out.u8(source.drained ? 1 : 0)
  }
  return out.copy()
}

export function decodeGroupHeader(bytes: Uint8Array): GroupHeader {
  const reader = new ByteReader(bytes)
  const header = {
    number: reader.f64(),
    chainHigh: reader.i32(),
    chainLow: reader.i32(),
    nowMs: reader.f64(),
    cut: reader.u32(),
    deadLetters: reader.f64(),
  }
  const sources: StoredSource[] = []
  for (let left = reader.varint(); left > 0; left--) {
    sources.push({
      source: reader.varint(),
      partition: reader.text(),
      start: reader.f64(),
      next: reader.f64(),
      proof: reader.text(),
      fingerprint: reader.text(),
      drained: reader.u8() === 1,
    })
  }
  return { ...header, sources }
}

/** What belongs to one shard and moves with it: its number and chain, and the positions of its lanes. */
export interface ShardHeader {
  readonly shard: number
  readonly position: Position
  /** Outputs, by durable number of the sink. */
  readonly sinks: readonly (readonly [sink: number, position: Position])[]
  /** Lanes from other shards, or that ever waited: what has entered. */
  readonly lanesIn: readonly (readonly [from: number, position: Position])[]
  readonly lanesOut: readonly (readonly [to: number, sent: Position, pruned: Position])[]
}

export function encodeShardHeader(header: ShardHeader): Uint8Array {
  const out = new ByteWriter()
  writePosition(out, header.position)
  out.varint(header.sinks.length)
  for (const [sink, position] of header.sinks) {
    out.varint(sink)
    writePosition(out, position)
  }
  out.varint(header.lanesIn.length)
  for (const [from, position] of header.lanesIn) {
    out.varint(from)
    writePosition(out, position)
  }
  out.varint(header.lanesOut.length)
  for (const [to, sent, pruned] of header.lanesOut) {
    out.varint(to)
    writePosition(out, sent)
    writePosition(out, pruned)
  }
  return out.copy()
}

export function decodeShardHeader(shard: number, bytes: Uint8Array): ShardHeader {
  const reader = new ByteReader(bytes)
  const position = readPosition(reader)
  const sinks: [number, Position][] = []
  for (let left = reader.varint(); left > 0; left--) sinks.push([reader.varint(), readPosition(reader)])
  const lanesIn: [number, Position][] = []
  for (let left = reader.varint(); left > 0; left--) lanesIn.push([reader.varint(), readPosition(reader)])
  const lanesOut: [number, Position, Position][] = []
  for (let left = reader.varint(); left > 0; left--)
    lanesOut.push([reader.varint(), readPosition(reader), readPosition(reader)])
  return { shard, position, sinks, lanesIn, lanesOut }
}
