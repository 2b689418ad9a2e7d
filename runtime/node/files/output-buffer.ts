import { Buffer } from 'node:buffer'
import type { OutputBatch } from '../../ports/sink.ts'
import { CR, type Framing, LF, prefixBytes } from './framing.ts'

/** Below this, copying word by word is faster than a call into the platform, and makes no view of each output. */
const shortBytes = 96
/** A buffer that one rare batch made larger than this is not kept. */
const keptBytes = 8 << 20

/** Framed outputs that wait to be written, in one piece. */
export class OutputBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(64 << 10)
  length = 0
  #view: DataView = viewOf(this.bytes)
  readonly #framing: Framing

  constructor(framing: Framing) {
    this.#framing = framing
  }

  /** Adds all outputs of a batch, or none: answers with the index of the first that does not fit the framing, or -1. */
  add(batch: OutputBatch): number {
    const { count, starts, ends } = batch
    const overhead = this.#framing === 'lines' ? 1 : prefixBytes(this.#framing)
    let size = 0
    for (let i = 0; i < count; i++) size += ends[i]! - starts[i]! + overhead
    this.#reserve(size)
    const before = this.length
    const wrong = this.#framing === 'lines' ? this.#addLines(batch) : this.#addFrames(batch)
    if (wrong >= 0) this.length = before
    return wrong
  }

  clear(): void {
    this.length = 0
    if (this.bytes.length > keptBytes) this.#use(Buffer.allocUnsafeSlow(64 << 10))
  }

  #addLines({ count, buffer, starts, ends }: OutputBatch): number {
    const out = this.bytes
    const to = this.#view
    const from = viewOf(buffer)
    let at = this.length
    for (let i = 0; i < count; i++) {
      const start = starts[i]!
      const end = ends[i]!
      const first = at
      if (end - start < shortBytes) copyWords(from, start, end, to, at)
      else out.set(buffer.subarray(start, end), at)
      at += end - start
      out[at] = LF
      if (out.indexOf(LF, first) < at || (at > first && out[at - 1] === CR)) return i
      at += 1
    }
    this.length = at
    return -1
  }

  #addFrames({ count, buffer, starts, ends }: OutputBatch): number {
    const wide = this.#framing === 'u32'
    const out = this.bytes
    const to = this.#view
    const from = viewOf(buffer)
    let at = this.length
    for (let i = 0; i < count; i++) {
      const start = starts[i]!
      const end = ends[i]!
      const size = end - start
      if (wide) {
        out[at++] = size >>> 24
        out[at++] = size >>> 16
      } else if (size > 0xffff) return i
      out[at++] = size >>> 8
      out[at++] = size
      if (size < shortBytes) copyWords(from, start, end, to, at)
      else out.set(buffer.subarray(start, end), at)
      at += size
    }
    this.length = at
    return -1
  }

  #reserve(size: number): void {
    const need = this.length + size
    if (need <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.#use(grown)
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes
    this.#view = viewOf(bytes)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function copyWords(from: DataView, start: number, end: number, to: DataView, at: number): void {
  const words = end - 4
  let i = start
  for (; i <= words; i += 4, at += 4) to.setInt32(at, from.getInt32(i))
  for (; i < end; i++, at++) to.setInt8(at, from.getInt8(i))
}
