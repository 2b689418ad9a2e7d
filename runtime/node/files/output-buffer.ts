import { Buffer } from 'node:buffer'
import type { OutputBatch } from '../../ports/sink.ts'
import { CR, type Framing, LF, prefixBytes } from './framing.ts'

/** Below this a loop copies faster than a call into the platform (measured; see bench). */
const shortBytes = 32
/** A buffer that one rare batch made larger than this is not kept. */
const keptBytes = 8 << 20

/** Framed outputs that wait to be written, in one piece. */
export class OutputBuffer {
  bytes: Buffer = Buffer.allocUnsafeSlow(64 << 10)
  length = 0
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
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(64 << 10)
  }

  #addLines({ count, buffer, starts, ends }: OutputBatch): number {
    const out = this.bytes
    let at = this.length
    for (let i = 0; i < count; i++) {
      const start = starts[i]!
      const end = ends[i]!
      const from = at
      at = append(buffer, start, end, out, at)
      out[at] = LF
      if (out.indexOf(LF, from) < at || (at > from && out[at - 1] === CR)) return i
      at += 1
    }
    this.length = at
    return -1
  }

  #addFrames({ count, buffer, starts, ends }: OutputBatch): number {
    const wide = this.#framing === 'u32'
    const out = this.bytes
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
      at = append(buffer, start, end, out, at)
    }
    this.length = at
    return -1
  }

  #reserve(size: number): void {
    const need = this.length + size
    if (need <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}

function append(from: Uint8Array, start: number, end: number, to: Buffer, at: number): number {
  if (end - start < shortBytes) {
    for (let i = start; i < end; i++) to[at++] = from[i]!
    return at
  }
  to.set(from.subarray(start, end), at)
  return at + end - start
}
