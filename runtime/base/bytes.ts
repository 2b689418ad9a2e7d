import { utf8Length, utf8Read, utf8Write } from './utf8.ts'

/**
 * A growing buffer of bytes. Numbers are big-endian; `varint` is LEB128, up to 2^53. It can be cut back to an earlier
 * length, which is how the effects of a failed handler vanish.
 */
export class ByteWriter {
  bytes: Uint8Array
  length = 0
  #view: DataView

  constructor(sizeBytes: number = 1_024) {
    this.bytes = new Uint8Array(sizeBytes)
    this.#view = new DataView(this.bytes.buffer)
  }

  reserve(sizeBytes: number): void {
    const need = this.length + sizeBytes
    if (need <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(need, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.#view.setUint16(this.length, value)
    this.length += 2
  }

  /** A number with a sign is written as the same bits. */
  u32(value: number): void {
    this.reserve(4)
    this.#view.setUint32(this.length, value)
    this.length += 4
  }

  f64(value: number): void {
    this.reserve(8)
    this.#view.setFloat64(this.length, value)
    this.length += 8
  }

  varint(value: number): void {
    this.reserve(8)
    let at = this.length
    while (value >= 0x80) {
      this.bytes[at++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.bytes[at++] = value
    this.length = at
  }

  raw(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    const size = end - start
    this.reserve(size)
    if (size < 32) for (let i = 0; i < size; i++) this.bytes[this.length + i] = bytes[start + i]!
    else this.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.length)
    this.length += size
  }

  /** The same for what is short and not alone: four bytes at a time, by a view that many share. */
  words(from: DataView, start: number, end: number): void {
    const size = end - start
    this.reserve(size)
    if (size > 128) this.bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, size), this.length)
    else {
      const to = this.#view
      let at = this.length
      for (; start + 4 <= end; start += 4, at += 4) to.setInt32(at, from.getInt32(start))
      for (; start < end; start++, at++) to.setUint8(at, from.getUint8(start))
    }
    this.length += size
  }

  /** Length as a varint, then the bytes. */
  block(bytes: Uint8Array, start: number = 0, end: number = bytes.length): void {
    this.varint(end - start)
    this.raw(bytes, start, end)
  }

  /** UTF-8 length as a varint, then the text. */
  text(text: string): void {
    const size = text.length
    if (size < 0x80) {
      // Nearly always: short and ASCII. One pass, and back to the slow form at the first other character.
      this.reserve(size + 1)
      const bytes = this.bytes
      const start = this.length
      bytes[start] = size
      let i = 0
      for (; i < size; i++) {
        const unit = text.charCodeAt(i)
        if (unit >= 0x80) break
        bytes[start + 1 + i] = unit
      }
      if (i === size) {
        this.length = start + 1 + size
        return
      }
    }
    this.varint(utf8Length(text))
    this.reserve(size * 3)
    this.length = utf8Write(text, this.bytes, this.length)
  }

  /** Length as 32 bits, then the text. Returns where the text begins. */
  sizedText(text: string): number {
    this.reserve(4 + 3 * text.length)
    const start = this.length + 4
    const end = utf8Write(text, this.bytes, start)
    this.#view.setUint32(this.length, end - start)
    this.length = end
    return start
  }

  /** Overwrites four bytes written earlier. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value)
  }

  /** A copy of what was written, of exactly its size. */
  copy(start: number = 0): Uint8Array {
    return this.bytes.slice(start, this.length)
  }

  clear(): void {
    this.length = 0
  }
}

/** Reads what ByteWriter wrote. Reading past the end throws a RangeError. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number
  #view: DataView

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.at >= this.end
  }

  #take(sizeBytes: number): number {
    const at = this.at
    if (at + sizeBytes > this.end) throw new RangeError(`bytes end at ${this.end}, wanted ${sizeBytes} at ${at}`)
    this.at = at + sizeBytes
    return at
  }

  u8(): number {
    return this.bytes[this.#take(1)]!
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  /** What was written as `u32`, as a number with a sign. */
  i32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.bytes[this.#take(1)]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
      if (scale > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is longer than 53 bits')
    }
  }

  /** A view of the next `sizeBytes`, not a copy. */
  raw(sizeBytes: number): Uint8Array {
    const at = this.#take(sizeBytes)
    return this.bytes.subarray(at, at + sizeBytes)
  }

  block(): Uint8Array {
    return this.raw(this.varint())
  }

  text(): string {
    const size = this.varint()
    const at = this.#take(size)
    return utf8Read(this.bytes, at, at + size)
  }

  skip(sizeBytes: number): void {
    this.#take(sizeBytes)
  }
}
