import { ByteReader, type ByteWriter } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import { Chain } from '../base/hash.ts'

/**
 * A commit record: everything one commit of a group decided, as one value. Layout (docs/data-format.md):
 *
 *   header   version u8, group u16, number f64, epoch u32, chain of the record before (u32, u32), now f64, cut u32,
 *            dead letters so far f64
 *   entries  each a kind u8 and what EntryKind says, in the order in which they happened
 *   end      u8 0, then the touched shards and the touched sink lanes with their positions before and after
 *   chain    u32, u32: over everything before it, continued from the chain of the record before
 */
const recordVersion = 1

export const EntryKind = {
  end: 0,
  /** row key block, value block */
  put: 1,
  /** row key block */
  remove: 2,
  /** sink varint, shard u16, key text, value (u32 length) */
  output: 3,
  /** from u16, to u16, number varint, chain u32 u32, message block (lanes/message-bytes.ts) */
  message: 4,
  /** from u16, to u16, number varint, chain u32 u32: what has entered by a lane */
  laneIn: 5,
  /** from u16, to u16, number varint, chain u32 u32: what needs no sending again */
  lanePruned: 6,
  /** source varint, partition text, next f64, proof text, drained u8 */
  sourcePosition: 7,
  /** source varint, partition text, start f64, fingerprint text */
  sourcePlan: 8,
} as const

export interface RecordHeader {
  readonly group: number
  readonly number: number
  readonly epoch: number
  readonly beforeHigh: number
  readonly beforeLow: number
  readonly nowMs: number
  readonly cut: number
  readonly deadLetters: number
}

/** A position with the chain that leads to it. */
export interface Position {
  readonly number: number
  readonly chainHigh: number
  readonly chainLow: number
}

export const origin: Position = { number: 0, chainHigh: 0, chainLow: 0 }

export interface ShardMove {
  readonly shard: number
  readonly before: Position
  readonly after: Position
}

export interface SinkMove extends ShardMove {
  /** Durable number of the sink's name. */
  readonly sink: number
}

export function writeHeader(out: ByteWriter, header: RecordHeader): void {
  out.u8(recordVersion)
  out.u16(header.group)
  out.f64(header.number)
  out.u32(header.epoch)
  out.u32(header.beforeHigh)
  out.u32(header.beforeLow)
  out.f64(header.nowMs)
  out.u32(header.cut)
  out.f64(header.deadLetters)
}

export function writePosition(out: ByteWriter, position: Position): void {
  out.varint(position.number)
  out.u32(position.chainHigh)
  out.u32(position.chainLow)
}

export function readPosition(reader: ByteReader): Position {
  return { number: reader.varint(), chainHigh: reader.i32(), chainLow: reader.i32() }
}

/** Writes the entry of an output. Returns where its content begins. */
export function writeOutput(
  out: ByteWriter,
  sinkId: number,
  shard: number,
  key: string,
  content: Uint8Array | string,
): number {
  out.u8(EntryKind.output)
  out.varint(sinkId)
  out.u16(shard)
  out.text(key)
  if (typeof content === 'string') return out.sizedText(content)
  out.u32(content.length)
  const start = out.length
  out.raw(content)
  return start
}

/** Closes a record; returns it, and moves `chain` (which stands at the record before) to it. */
export function finishRecord(
  out: ByteWriter,
  shards: readonly ShardMove[],
  sinks: readonly SinkMove[],
  chain: Chain,
): Uint8Array {
  out.u8(EntryKind.end)
  out.varint(shards.length)
  for (const move of shards) {
    out.u16(move.shard)
    writePosition(out, move.before)
    writePosition(out, move.after)
  }
  out.varint(sinks.length)
  for (const move of sinks) {
    out.varint(move.sink)
    out.u16(move.shard)
    writePosition(out, move.before)
    writePosition(out, move.after)
  }
  chain.add(out.bytes, 0, out.length)
  out.u32(chain.high)
  out.u32(chain.low)
  return out.copy()
}

/** What a reader of records is told, in the order of the record. */
export interface RecordVisitor {
  /** Key and value are `[keyStart, keyEnd)` and `[start, end)` of the record. */
  put(keyStart: number, keyEnd: number, start: number, end: number): void
  remove(keyStart: number, keyEnd: number): void
  /** The text of its key is at `keyAt` of the record, its content is `[start, end)`. */
  output(sink: number, shard: number, keyAt: number, start: number, end: number): void
  message(entry: LaneRecord): void
  laneIn(from: number, to: number, position: Position): void
  lanePruned(from: number, to: number, position: Position): void
  sourcePosition(source: number, partition: string, next: number, proof: string, drained: boolean): void
  sourcePlan(source: number, partition: string, start: number, fingerprint: string): void
}

/** The message lies between `start` and `end` of the record. */
export interface LaneRecord extends Position {
  readonly from: number
  readonly to: number
  readonly start: number
  readonly end: number
}

export interface RecordEnd {
  readonly header: RecordHeader
  readonly shards: readonly ShardMove[]
  readonly sinks: readonly SinkMove[]
  readonly chainHigh: number
  readonly chainLow: number
}

/** Reads a whole record and verifies its chain before anything is told to the visitor. Throws MR_STORE_CORRUPT. */
export function readRecord(bytes: Uint8Array, visitor: RecordVisitor): RecordEnd {
  try {
    return parse(bytes, visitor)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw corrupt('a commit record ends too early', cause)
  }
}

function parse(bytes: Uint8Array, visitor: RecordVisitor): RecordEnd {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  if (version !== recordVersion) {
    throw new MillraceError(
      'MR_DATA_FORMAT_UNKNOWN',
      `a commit record has version ${version}, this program knows ${recordVersion}`,
      {
        next: 'Run the version of Millrace that wrote it',
      },
    )
  }
  const header: RecordHeader = {
    group: reader.u16(),
    number: reader.f64(),
    epoch: reader.u32(),
    beforeHigh: reader.i32(),
    beforeLow: reader.i32(),
    nowMs: reader.f64(),
    cut: reader.u32(),
    deadLetters: reader.f64(),
  }
  const chain = new Chain(header.beforeHigh, header.beforeLow)
  chain.add(bytes, 0, bytes.length - 8)
  const stored = new ByteReader(bytes, bytes.length - 8)
  if (!chain.equals(stored.i32(), stored.i32()))
    throw corrupt(`commit ${header.number} of group ${header.group} does not match its checksum`)
  for (;;) {
    const kind = reader.u8()
    if (kind === EntryKind.end) break
    readEntry(kind, reader, visitor)
  }
  const shards: ShardMove[] = []
  for (let left = reader.varint(); left > 0; left--)
    shards.push({ shard: reader.u16(), before: readPosition(reader), after: readPosition(reader) })
  const sinks: SinkMove[] = []
  for (let left = reader.varint(); left > 0; left--)
    sinks.push({
      sink: reader.varint(),
      shard: reader.u16(),
      before: readPosition(reader),
      after: readPosition(reader),
    })
  return { header, shards, sinks, chainHigh: chain.high, chainLow: chain.low }
}

function readEntry(kind: number, reader: ByteReader, visitor: RecordVisitor): void {
  if (kind === EntryKind.put) {
    const keyStart = skipBlock(reader)
    const keyEnd = reader.at
    const start = skipBlock(reader)
    visitor.put(keyStart, keyEnd, start, reader.at)
  } else if (kind === EntryKind.remove) {
    const start = skipBlock(reader)
    visitor.remove(start, reader.at)
  } else if (kind === EntryKind.output) {
    const sink = reader.varint()
    const shard = reader.u16()
    const keyAt = reader.at
    skipBlock(reader)
    const size = reader.u32()
    const start = reader.at
    reader.skip(size)
    visitor.output(sink, shard, keyAt, start, reader.at)
  } else if (kind === EntryKind.message) {
    const from = reader.u16()
    const to = reader.u16()
    const position = readPosition(reader)
    const size = reader.varint()
    const start = reader.at
    reader.skip(size)
    visitor.message({ ...position, from, to, start, end: reader.at })
  } else if (kind === EntryKind.laneIn) visitor.laneIn(reader.u16(), reader.u16(), readPosition(reader))
  else if (kind === EntryKind.lanePruned) visitor.lanePruned(reader.u16(), reader.u16(), readPosition(reader))
  else if (kind === EntryKind.sourcePosition)
    visitor.sourcePosition(reader.varint(), reader.text(), reader.f64(), reader.text(), reader.u8() === 1)
  else if (kind === EntryKind.sourcePlan)
    visitor.sourcePlan(reader.varint(), reader.text(), reader.f64(), reader.text())
  else throw corrupt(`a commit record has an entry of unknown kind ${kind}`)
}

/** Goes behind a block. Returns where its bytes begin. */
function skipBlock(reader: ByteReader): number {
  const size = reader.varint()
  const start = reader.at
  reader.skip(size)
  return start
}

export function corrupt(what: string, cause?: unknown): MillraceError {
  return new MillraceError('MR_STORE_CORRUPT', what, {
    next: 'The data folder is damaged: restore it from a copy, or start with an empty one. Nothing was changed',
    cause,
  })
}
