import type { Buffer } from 'node:buffer'
import { WireWriter, varintBytes } from './bytes.ts'
import { type Compression, compress } from './compression.ts'
import { crc32c } from './crc32c.ts'

/** Who writes a batch, and where in its sequence the batch is. */
export interface BatchWriter {
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly transactional: boolean
}

/** The key and the value of a record are parts of other buffers, or texts. */
export interface RecordHeader {
  readonly name: string
  readonly value: string
}

const noHeaders: readonly RecordHeader[] = []

/** Records for one partition, encoded as they are added: one batch of Kafka's protocol. */
export class RecordBuffer {
  readonly #records = new WireWriter(4_096)
  readonly #baseMs: number
  readonly #compression: Compression
  #count = 0

  /** `nowMs`: the time of all its records. */
  constructor(nowMs: number, compression: Compression) {
    this.#baseMs = nowMs
    this.#compression = compression
  }

  get count(): number {
    return this.#count
  }

  /** Before compression. */
  get sizeBytes(): number {
    return this.#records.length
  }

  /** Adds `value[start, end)` under a key, or under none. The bytes are copied. */
  add(
    key: Uint8Array | undefined,
    value: Uint8Array,
    start: number,
    end: number,
    headers: readonly RecordHeader[] = noHeaders,
  ): void {
    const records = this.#records
    const keyBytes = key === undefined ? -1 : key.length
    const valueBytes = end - start
    const headerParts = headers === noHeaders ? undefined : encodeHeaders(headers)
    const headerBytes = headerParts?.length ?? 1
    const size =
      1 +
      varintBytes(0) +
      varintBytes(this.#count) +
      varintBytes(keyBytes) +
      Math.max(keyBytes, 0) +
      varintBytes(valueBytes) +
      valueBytes +
      headerBytes
    records.varint(size)
    records.int8(0)
    records.varint(0)
    records.varint(this.#count)
    records.varint(keyBytes)
    if (key !== undefined) records.raw(key, 0, key.length)
    records.varint(valueBytes)
    records.raw(value, start, end)
    if (headerParts === undefined) records.varint(0)
    else records.raw(headerParts, 0, headerParts.length)
    this.#count += 1
  }

  /** Puts the batch at the end of a request. */
  write(request: WireWriter, { producerId, epoch, sequence, transactional }: BatchWriter): void {
    const { codec, bytes } = compress(this.#compression, this.#records.bytes)
    const start = request.length
    request.int64(0)
    request.int32(0)
    request.int32(-1)
    request.int8(2)
    request.int32(0)
    const summed = request.length
    request.int16(codec | (transactional ? 0x10 : 0))
    request.int32(this.#count - 1)
    request.int64(this.#baseMs)
    request.int64(this.#baseMs)
    request.int64(producerId)
    request.int16(epoch)
    request.int32(sequence)
    request.int32(this.#count)
    request.raw(bytes, 0, bytes.length)
    request.int32At(start + 8, request.length - start - 12)
    request.uint32At(summed - 4, crc32c(request.bytes, summed, request.length))
  }
}

function encodeHeaders(headers: readonly RecordHeader[]): Buffer {
  const writer = new WireWriter(64)
  writer.varint(headers.length)
  for (const { name, value } of headers) {
    for (const text of [name, value]) {
      const bytes = new TextEncoder().encode(text)
      writer.varint(bytes.length)
      writer.raw(bytes, 0, bytes.length)
    }
  }
  return writer.bytes
}
