import type { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { maxShardCount } from '../../base/limits.ts'
import { type Position, readPosition, writePosition } from '../record.ts'
import type { LaneNames } from './names.ts'
import type { SourcePosition } from './ports.ts'

/**
 * Frames between two groups. Every frame begins with its kind, its session and the cut number of whoever sends it (RULE 9).
 *
 *   sending end                                        receiving end
 *   hello(generation, names, shards) ---------------->  drops what it staged, waits until all it took is durable
 *   <-------------------- welcome(positions of lanes and sources)
 *   compares the histories (RULE 4)
 *   data(#1), data(#2), ... ------------------------->  takes what is next, else: reopen
 *   <-------------------- ack(#, last durable frame, positions that moved)
 *   ask(last frame sent) ---------------------------->  ack with nothing new, or, when frames are missing: reopen
 *   <-------------------- reopen
 *
 * Reading junk throws a RangeError. The body of `data` is in data-frame.ts.
 */
export const FrameKind = { hello: 1, welcome: 2, data: 3, ack: 4, reopen: 5, ask: 6 } as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** RULE 2: one incarnation of each end, and which of their sessions. The sending group is known from the link. */
export interface Session {
  readonly senderEpoch: number
  /** 0 in a hello: not known yet. */
  readonly receiverEpoch: number
  readonly generation: number
}

export interface FrameHeader extends Session {
  readonly kind: FrameKind
  readonly cut: number
}

/** Where the cut number is in every frame. */
export const cutAt = 13

export function writeFrameHeader(out: ByteWriter, kind: FrameKind, session: Session, cut: number): void {
  out.u8(kind)
  out.u32(session.senderEpoch)
  out.u32(session.receiverEpoch)
  out.u32(session.generation)
  out.u32(cut)
}

export function readFrameHeader(reader: ByteReader): FrameHeader {
  const kind = reader.u8()
  if (kind < FrameKind.hello || kind > FrameKind.ask) throw new RangeError(`no frame has kind ${kind}`)
  const senderEpoch = reader.u32()
  const receiverEpoch = reader.u32()
  const generation = reader.u32()
  return { kind: kind as FrameKind, senderEpoch, receiverEpoch, generation, cut: reader.u32() }
}

export function sameSession(a: Session, b: Session): boolean {
  return a.senderEpoch === b.senderEpoch && a.receiverEpoch === b.receiverEpoch && a.generation === b.generation
}

export interface Hello extends LaneNames {
  /** The shards that the sender believes the receiver owns. */
  readonly shards: readonly number[]
}

export function writeHello(out: ByteWriter, hello: Hello): void {
  for (const names of [hello.routes, hello.sinks, hello.sources, hello.plans]) {
    out.varint(names.length)
    for (const name of names) out.text(name)
  }
  for (const id of hello.routeIds) out.varint(id)
  out.varint(hello.shards.length)
  for (const shard of hello.shards) out.u16(shard)
}

export function readHello(reader: ByteReader): Hello {
  const routes = readNames(reader)
  const sinks = readNames(reader)
  const sources = readNames(reader)
  const plans = readNames(reader)
  const routeIds = routes.map(() => reader.varint())
  const shards: number[] = []
  for (let left = reader.varint(); left > 0; left--) shards.push(readShard(reader))
  return { routes, routeIds, sinks, sources, plans, shards }
}

function readNames(reader: ByteReader): string[] {
  const names: string[] = []
  for (let left = reader.varint(); left > 0; left--) names.push(reader.text())
  return names
}

export function readShard(reader: ByteReader): number {
  const shard = reader.u16()
  if (shard >= maxShardCount) throw new RangeError(`no shard has number ${shard}`)
  return shard
}

export interface LanePosition {
  readonly from: number
  readonly to: number
  readonly position: Position
}

/** Sources by the sender's numbers. */
export interface Positions {
  readonly lanes: readonly LanePosition[]
  readonly sources: readonly SourcePosition[]
}

export function writePositions(out: ByteWriter, { lanes, sources }: Positions): void {
  out.varint(lanes.length)
  for (const { from, to, position } of lanes) {
    out.u16(from)
    out.u16(to)
    writePosition(out, position)
  }
  out.varint(sources.length)
  for (const { source, partition, next } of sources) {
    out.varint(source)
    out.text(partition)
    out.f64(next)
  }
}

export function readPositions(reader: ByteReader): Positions {
  const lanes: LanePosition[] = []
  for (let left = reader.varint(); left > 0; left--) {
    lanes.push({ from: readShard(reader), to: readShard(reader), position: readPosition(reader) })
  }
  const sources: SourcePosition[] = []
  for (let left = reader.varint(); left > 0; left--) {
    sources.push({ source: reader.varint(), partition: reader.text(), next: reader.f64() })
  }
  return { lanes, sources }
}

export interface Ack extends Positions {
  /** Acks with positions are counted 1, 2, 3, ... in their session, so that a lost one is noticed; the others repeat it. */
  readonly number: number
  /** Everything in frames up to this one is durable. */
  readonly frame: number
}

export function writeAck(out: ByteWriter, ack: Ack): void {
  out.varint(ack.number)
  out.varint(ack.frame)
  writePositions(out, ack)
}

export function readAck(reader: ByteReader): Ack {
  return { number: reader.varint(), frame: reader.varint(), ...readPositions(reader) }
}
