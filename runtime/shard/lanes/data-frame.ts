import { failedRecordRoute, sinkRoute } from '../batch.ts'
import { type ByteReader, ByteWriter } from '../../base/bytes.ts'
import type { Envelope } from '../message.ts'
import { skipMessage } from './message-bytes.ts'
import { MessageId, partitionSeed } from '../message-id.ts'
import { cutAt, FrameKind, readShard, type Session, writeFrameHeader } from './frame.ts'
import type { NameTables } from './names.ts'
import { entryBytes, type OutLane } from './out-lane.ts'
import type { ForwardedRecords, SourceRecord } from './ports.ts'

const SectionKind = { lane: 1, records: 2, mark: 3, forwarded: 4 } as const

/**
 * Writes data frames, section after section:
 *
 *   lane     from u16, to u16, first number varint, count varint, count * message as a block (message-bytes.ts)
 *   records  source varint, partition text, count u32, count * (offset f64, next f64, emissions u32, ...emission)
 *   mark     source varint, partition text, next f64
 *   forwarded source varint, partition text, count u32, end f64, count * forwarded record
 *
 *   forwarded record  flag + size * 2 varint, gap varint, length varint, the time as f64 if the flag is 1, the bytes
 *                     `gap`: from where the one before ended (`end`, before the first) to its offset; `length`: from there to the next
 *                     offset. The flag is 0 where the time is that of the one before.
 *
 *   emission shard u16, target varint, key text, index varint, time f64, content block
 *   target   the route's durable number * 2, a failed record's 1, or sink * 2 + 3
 */
export class DataFrameWriter {
  readonly #out = new ByteWriter(1 << 12)
  /** Where the count of the open section of records is; 0: none is open. */
  #countAt = 0
  #count = 0
  #kind = 0
  /** Where the count of the emissions of the open record is. */
  #emissionsAt = 0
  #emissions = 0
  #source = 0
  #partition = ''
  /** Where the last record of the section of forwarded ones ends, and its time. */
  #end = 0
  #timeMs = 0

  get length(): number {
    return this.#out.length
  }

  begin(session: Session, number: number): void {
    this.clear()
    writeFrameHeader(this.#out, FrameKind.data, session, 0)
    this.#out.varint(number)
  }

  /** The frame, with the cut number of the moment in which it is sent. */
  end(cut: number): Uint8Array {
    this.#out.patchU32(cutAt, cut)
    const frame = this.#out.copy()
    this.clear()
    return frame
  }

  clear(): void {
    this.#out.clear()
    this.#countAt = 0
  }

  /** As many entries after the lane's cursor as fit, but at least one. Returns how many. */
  lane(lane: OutLane, frameBytes: number): number {
    const first = lane.cursor + 1
    let count = 0
    for (let size = this.length; first + count <= lane.sendable; count++) {
      size += entryBytes(lane.entry(first + count)!)
      if (count > 0 && size > frameBytes) break
    }
    const out = this.#out
    this.#countAt = 0
    out.u8(SectionKind.lane)
    out.u16(lane.from)
    out.u16(lane.to)
    out.varint(first)
    out.varint(count)
    for (let i = 0; i < count; i++) {
      const { buffer, start, end } = lane.entry(first + i)!
      out.block(buffer, start, end)
    }
    return count
  }

  /** Begins a record of which `emit`s follow, then `endRecord` or `abortRecord`. */
  beginRecord(source: number, partition: string, offset: number, next: number): void {
    const out = this.#out
    if (!this.#isOpen(SectionKind.records, source, partition)) this.#openSection(SectionKind.records, source, partition)
    out.patchU32(this.#countAt, ++this.#count)
    out.f64(offset)
    out.f64(next)
    this.#emissionsAt = out.length
    this.#emissions = 0
    out.u32(0)
  }

  /** `route`: a route's durable number, or `failedRecordRoute`, or a sink's. */
  emit(shard: number, route: number, key: string, index: number, timeMs: number, bytes: Uint8Array): void {
    const out = this.#out
    out.u16(shard)
    out.varint(route >= 0 ? route * 2 : (-1 - route) * 2 + 1)
    out.text(key)
    out.varint(index)
    out.f64(timeMs)
    out.block(bytes)
    this.#emissions += 1
  }

  endRecord(): void {
    this.#out.patchU32(this.#emissionsAt, this.#emissions)
  }

  /** Where the frame ends now, to go back to. */
  get position(): FramePosition {
    return {
      length: this.length,
      countAt: this.#countAt,
      count: this.#count,
      kind: this.#kind,
      source: this.#source,
      partition: this.#partition,
    }
  }

  /** Forgets what was written after `position`. */
  backTo({ length, countAt, count, kind, source, partition }: FramePosition): void {
    this.#out.length = length
    this.#countAt = countAt
    this.#count = count
    this.#kind = kind
    this.#source = source
    this.#partition = partition
    if (countAt > 0) this.#out.patchU32(countAt, count)
  }

  /** A record as it came: the bytes from `start` to `end`. */
  forward(
    source: number,
    partition: string,
    offset: number,
    next: number,
    timeMs: number,
    bytes: DataView,
    start: number,
    end: number,
  ): void {
    const out = this.#out
    const goesOn = offset >= this.#end && this.#isOpen(SectionKind.forwarded, source, partition)
    if (!goesOn) {
      this.#openSection(SectionKind.forwarded, source, partition)
      out.f64(offset)
      this.#end = offset
    }
    const hasTime = !goesOn || timeMs !== this.#timeMs
    out.varint((end - start) * 2 + (hasTime ? 1 : 0))
    out.varint(offset - this.#end)
    out.varint(next - offset)
    if (hasTime) out.f64((this.#timeMs = timeMs))
    out.words(bytes, start, end)
    this.#end = next
    out.patchU32(this.#countAt, ++this.#count)
  }

  #isOpen(kind: number, source: number, partition: string): boolean {
    return this.#countAt > 0 && this.#kind === kind && this.#source === source && this.#partition === partition
  }

  #openSection(kind: number, source: number, partition: string): void {
    const out = this.#out
    out.u8(kind)
    out.varint(source)
    out.text(partition)
    this.#countAt = out.length
    this.#count = 0
    this.#kind = kind
    this.#source = source
    this.#partition = partition
    out.u32(0)
  }

  mark(source: number, partition: string, next: number): void {
    const out = this.#out
    this.#countAt = 0
    out.u8(SectionKind.mark)
    out.varint(source)
    out.text(partition)
    out.f64(next)
  }
}

/** A place in a frame that is being written. */
export interface FramePosition {
  readonly length: number
  readonly countAt: number
  readonly count: number
  readonly kind: number
  readonly source: number
  readonly partition: string
}

export type Section = LaneSection | RecordSection | ForwardedSection | MarkSection

export interface LaneSection {
  readonly kind: 'lane'
  readonly from: number
  readonly to: number
  /** Number of the first message; the others follow. */
  readonly first: number
  readonly count: number
  /** Of the frame. The messages, each as a block, begin at `at`, and are well-formed. */
  readonly reader: ByteReader
  readonly at: number
}

export interface RecordSection extends SourceRecord {
  readonly kind: 'record'
}

export interface ForwardedSection extends ForwardedRecords {
  readonly kind: 'forwarded'
}

export interface MarkSection {
  readonly kind: 'mark'
  readonly source: number
  readonly partition: string
  readonly next: number
}

/** Reads the sections of a data frame, which they keep. They have our numbers of sinks and sources, and of the routes of emissions. */
export function readSections(reader: ByteReader, tables: NameTables): Section[] {
  const sections: Section[] = []
  while (!reader.done) {
    const kind = reader.u8()
    if (kind === SectionKind.lane) sections.push(readLane(reader, tables))
    else if (kind === SectionKind.records) readRecords(reader, tables, sections)
    else if (kind === SectionKind.forwarded) {
      const section = readForwarded(reader, tables)
      if (section !== undefined) sections.push(section)
    } else if (kind === SectionKind.mark) {
      const number = reader.varint()
      const mark = {
        kind: 'mark',
        source: tables.source(number),
        partition: reader.text(),
        next: reader.f64(),
      } as const
      if (tables.hasSamePlan(number)) sections.push(mark)
    } else throw new RangeError(`no section has kind ${kind}`)
  }
  return sections
}

function readLane(reader: ByteReader, tables: NameTables): LaneSection {
  const from = readShard(reader)
  const to = readShard(reader)
  const first = reader.varint()
  const count = reader.varint()
  const { at } = reader
  // Here, before any of it is taken: whether it is junk, or for a route that we lack.
  for (let left = count; left > 0; left--) tables.route(skipMessage(reader, reader.varint()))
  return { kind: 'lane', from, to, first, count, reader, at }
}

function readRecords(reader: ByteReader, tables: NameTables, sections: Section[]): void {
  const number = reader.varint()
  const source = tables.source(number)
  const partition = reader.text()
  const id = new MessageId()
  const seed = partitionSeed(tables.theirs.sources[number]!, partition)
  const isForUs = tables.hasSamePlan(number)
  for (let left = reader.u32(); left > 0; left--) {
    const offset = reader.f64()
    const next = reader.f64()
    const emissions: Envelope[] = []
    for (let more = reader.u32(); more > 0; more--) {
      const shard = readShard(reader)
      const target = reader.varint()
      const route = isForUs ? routeOf(target, tables) : failedRecordRoute
      const key = reader.text()
      const index = reader.varint()
      const timeMs = reader.f64()
      const size = reader.varint()
      const start = reader.at
      reader.skip(size)
      id.ofRecord(seed, offset, index)
      const { high: idHigh, low: idLow } = id
      const { bytes, at: end } = reader
      const from = { kind: 'record', source, partition, offset, index } as const
      emissions.push({ route, key, shard, bytes, start, end, timeMs, idHigh, idLow, from })
    }
    if (isForUs) sections.push({ kind: 'record', source, partition, offset, next, emissions })
  }
}

/** Undefined: whoever sent them runs other steps. */
function readForwarded(reader: ByteReader, tables: NameTables): ForwardedSection | undefined {
  const number = reader.varint()
  const source = tables.source(number)
  const partition = reader.text()
  const count = reader.u32()
  if (count > reader.end - reader.at) throw new RangeError('a frame ends before its records')
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  const offsets = new Float64Array(count)
  const nexts = new Float64Array(count)
  const timesMs = new Float64Array(count)
  let at = reader.f64()
  let timeMs = 0
  for (let i = 0; i < count; i++) {
    const sizeAndFlag = reader.varint()
    offsets[i] = at += reader.varint()
    nexts[i] = at += reader.varint()
    if (sizeAndFlag % 2 === 1) timeMs = reader.f64()
    timesMs[i] = timeMs
    starts[i] = reader.at
    reader.skip(Math.floor(sizeAndFlag / 2))
    ends[i] = reader.at
  }
  if (!tables.hasSamePlan(number)) return undefined
  return { kind: 'forwarded', source, partition, buffer: reader.bytes, starts, ends, offsets, nexts, timesMs }
}

function routeOf(target: number, tables: NameTables): number {
  if (target % 2 === 0) return tables.route(target / 2)
  return target === 1 ? failedRecordRoute : sinkRoute(tables.sink((target - 3) / 2))
}
