import type { Buffer } from 'node:buffer'
import { WireReader } from './bytes.ts'
import { decompress } from './compression.ts'

/** Records that share a buffer, column by column: record i is `buffer[starts[i], ends[i])`. */
export interface RecordColumns {
  readonly buffer: Uint8Array
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly offsets: readonly number[]
  readonly timesMs: readonly number[]
  /** Where keys are; a start of -1: there is none. */
  readonly keyStarts: readonly number[]
  readonly keyEnds: readonly number[]
}

/** A transaction that was taken back: what its producer wrote from this offset on, up to its marker, never happened. */
export interface Aborted {
  readonly producerId: number
  readonly firstOffset: number
}

const headerBytes = 61
const compressionBits = 0x07
const timeOfAppendBit = 0x08
const transactionalBit = 0x10
const controlBit = 0x20

/**
 * Takes the record batches of a fetch apart. Values and keys are not copied: they stay in `bytes`, or in what their batch was
 * unpacked to. A batch that the broker has cut off at the end is left out.
 *
 * @param from records before this offset are left out
 * @param aborted in the order of their first offsets; control records are left out as well
 * @returns `next` is the offset after everything that was looked at
 */
export function readRecordBatches(
  bytes: Buffer,
  start: number,
  end: number,
  from: number,
  aborted: readonly Aborted[],
): { readonly columns: RecordColumns[]; readonly next: number } {
  const columns: Columns[] = []
  const ended = new EndedTransactions(aborted)
  let open: Columns | undefined
  let next = from
  for (let at = start; at + headerBytes <= end; ) {
    const header = new WireReader(bytes, at)
    const baseOffset = header.int64()
    const batchEnd = at + 12 + header.int32()
    if (batchEnd > end) break
    header.at += 4
    const magic = header.int8()
    if (magic !== 2)
      throw new Error(`a batch of records has the format ${magic}, which Kafka left behind with version 0.11`)
    header.at += 4
    const attributes = header.int16()
    const lastOffsetDelta = header.int32()
    const firstTimeMs = header.int64()
    const maxTimeMs = header.int64()
    const producerId = header.int64()
    header.at += 6
    const count = header.int32()
    const isControl = (attributes & controlBit) !== 0
    const isAborted = (attributes & transactionalBit) !== 0 && ended.isAborted(producerId, baseOffset, isControl)
    if (!isControl && !isAborted) {
      const codec = attributes & compressionBits
      const appendedMs = (attributes & timeOfAppendBit) === 0 ? undefined : maxTimeMs
      const batch = { count, baseOffset, firstTimeMs, appendedMs, from }
      if (codec === 0) {
        if (open === undefined) columns.push((open = new Columns(bytes)))
        open.read(new WireReader(bytes, header.at), batch)
      } else {
        const unpacked = decompress(codec, bytes.subarray(header.at, batchEnd))
        const own = new Columns(unpacked)
        own.read(new WireReader(unpacked), batch)
        columns.push(own)
        open = undefined
      }
    }
    next = Math.max(next, baseOffset + lastOffsetDelta + 1)
    at = batchEnd
  }
  return { columns: columns.filter(({ offsets }) => offsets.length > 0), next }
}

/** Follows, batch by batch, which producers are inside of a transaction that was taken back. */
class EndedTransactions {
  readonly #waiting: readonly Aborted[]
  #taken = 0
  readonly #producers = new Set<number>()

  constructor(aborted: readonly Aborted[]) {
    this.#waiting = aborted
  }

  isAborted(producerId: number, baseOffset: number, isMarker: boolean): boolean {
    for (; this.#taken < this.#waiting.length; this.#taken++) {
      const { producerId, firstOffset } = this.#waiting[this.#taken]!
      if (firstOffset > baseOffset) break
      this.#producers.add(producerId)
    }
    // Whatever the marker says, the transaction ends with it; the next one that was taken back is in the list again.
    if (isMarker) this.#producers.delete(producerId)
    return this.#producers.has(producerId)
  }
}

interface BatchHeader {
  readonly count: number
  readonly baseOffset: number
  readonly firstTimeMs: number
  /** When the broker took the batch, if the topic is set to keep that rather than the producer's times. */
  readonly appendedMs: number | undefined
  readonly from: number
}

class Columns implements RecordColumns {
  readonly buffer: Uint8Array
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly offsets: number[] = []
  readonly timesMs: number[] = []
  readonly keyStarts: number[] = []
  readonly keyEnds: number[] = []

  constructor(bytes: Buffer) {
    this.buffer = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  read(reader: WireReader, { count, baseOffset, firstTimeMs, appendedMs, from }: BatchHeader): void {
    for (let i = 0; i < count; i++) {
      const size = reader.varint()
      const end = reader.at + size
      reader.at += 1
      const timeDelta = reader.varint()
      const offset = baseOffset + reader.varint()
      const keyBytes = reader.varint()
      const keyStart = reader.at
      reader.at += Math.max(keyBytes, 0)
      const valueBytes = reader.varint()
      const start = reader.at
      reader.at = end
      if (offset < from) continue
      this.starts.push(start)
      this.ends.push(start + Math.max(valueBytes, 0))
      this.offsets.push(offset)
      this.timesMs.push(appendedMs ?? firstTimeMs + timeDelta)
      this.keyStarts.push(keyBytes < 0 ? -1 : keyStart)
      this.keyEnds.push(keyBytes < 0 ? -1 : keyStart + keyBytes)
    }
  }
}
