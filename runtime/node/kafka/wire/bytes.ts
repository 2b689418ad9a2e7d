import { Buffer } from 'node:buffer'

/** Below it, zigzag and all, whole numbers of 32 bits will do. */
const largestShort = 0x4000_0000

/** Builds a request: big-endian numbers and texts with their length in front. Grows as needed. */
export class WireWriter {
  #bytes: Buffer
  #length = 0

  constructor(sizeBytes: number = 512) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes)
  }

  get length(): number {
    return this.#length
  }

  /** Everything that was written. Valid until the next write. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  int8(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
  }

  int16(value: number): void {
    const at = this.#room(2)
    this.#bytes.writeInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.#room(4)
    this.#bytes.writeInt32BE(value, at)
  }

  uint32At(at: number, value: number): void {
    this.#bytes.writeUInt32BE(value, at)
  }

  int32At(at: number, value: number): void {
    this.#bytes.writeInt32BE(value, at)
  }

  /** A whole number of at most 53 bits. */
  int64(value: number): void {
    const at = this.#room(8)
    const high = Math.floor(value / 0x1_0000_0000)
    this.#bytes.writeInt32BE(high, at)
    this.#bytes.writeUInt32BE(value - high * 0x1_0000_0000, at + 4)
  }

  /** Null is a text of its own. */
  text(value: string | null): void {
    if (value === null) return this.int16(-1)
    const size = Buffer.byteLength(value)
    this.int16(size)
    const at = this.#room(size)
    this.#bytes.write(value, at, 'utf8')
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    // What a view makes is dearer than what a short loop does.
    const at = this.#room(end - start)
    if (end - start > 64) this.#bytes.set(bytes.subarray(start, end), at)
    else for (let i = 0; i < end - start; i++) this.#bytes[at + i] = bytes[start + i]!
  }

  /** Zigzag, seven bits a byte: as records hold their lengths and deltas. At most 53 bits. */
  varint(value: number): void {
    let at = this.#room(8)
    if (value >= 0 && value < largestShort) {
      let left = value << 1
      for (; left >= 0x80; left >>>= 7) this.#bytes[at++] = (left & 0x7f) | 0x80
      this.#bytes[at++] = left
      this.#length = at
      return
    }
    let left = value >= 0 ? value * 2 : -value * 2 - 1
    while (left >= 0x80) {
      this.#bytes[at++] = (left % 0x80) | 0x80
      left = Math.floor(left / 0x80)
    }
    this.#bytes[at++] = left
    this.#length = at
  }

  #room(sizeBytes: number): number {
    const at = this.#length
    this.#length += sizeBytes
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, at)
      this.#bytes = larger
    }
    return at
  }
}

/** How many bytes `varint` writes. */
export function varintBytes(value: number): number {
  if (value >= 0 && value < 0x40) return 1
  if (value >= 0 && value < 0x2000) return 2
  let left = value >= 0 ? value * 2 : -value * 2 - 1
  let size = 1
  for (; left >= 0x80; left = Math.floor(left / 0x80)) size += 1
  return size
}

/** Reads what brokers answer, from the front. */
export class WireReader {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number = 0) {
    this.bytes = bytes
    this.at = at
  }

  int8(): number {
    return this.bytes.readInt8(this.at++)
  }

  int16(): number {
    this.at += 2
    return this.bytes.readInt16BE(this.at - 2)
  }

  int32(): number {
    this.at += 4
    return this.bytes.readInt32BE(this.at - 4)
  }

  uint32(): number {
    this.at += 4
    return this.bytes.readUInt32BE(this.at - 4)
  }

  /** Offsets, times and ids of producers fit 53 bits. */
  int64(): number {
    return this.int32() * 0x1_0000_0000 + this.uint32()
  }

  text(): string {
    const size = this.int16()
    this.at += Math.max(size, 0)
    return size <= 0 ? '' : this.bytes.toString('utf8', this.at - size, this.at)
  }

  varint(): number {
    const { bytes } = this
    let byte = bytes[this.at++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    let scale = 0x80
    do {
      byte = bytes[this.at++]!
      value += (byte & 0x7f) * scale
      scale *= 0x80
    } while (byte >= 0x80)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** How many elements an array has. Absent counts as none. */
  count(): number {
    return Math.max(this.int32(), 0)
  }

  /** The form of many answers: topics by name, and partitions by number. `read` takes what stands behind the number. */
  eachPartition(read: (partition: number, topic: string) => void): void {
    for (let topics = this.count(); topics > 0; topics--) {
      const topic = this.text()
      for (let partitions = this.count(); partitions > 0; partitions--) read(this.int32(), topic)
    }
  }
}
