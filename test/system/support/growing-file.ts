import { appendFile } from 'node:fs/promises'

/** A file that gets its frames bit by bit, also half ones. */
export class GrowingFile {
  readonly #path: string
  readonly #bytes: Uint8Array
  /** Where each frame ends. */
  readonly #ends: number[] = []
  #size = 0

  constructor(path: string, frames: Uint8Array) {
    this.#path = path
    this.#bytes = frames
    const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength)
    for (let at = 0; at < frames.length; ) this.#ends.push((at += 4 + view.getUint32(at)))
  }

  get frames(): number {
    return this.#ends.length
  }

  /** Lets the file have so many frames, and `extraBytes` of what follows. */
  async growTo(frames: number, extraBytes = 0): Promise<void> {
    const size = Math.min((this.#ends[frames - 1] ?? 0) + extraBytes, this.#bytes.length)
    if (size <= this.#size) return
    const part = this.#bytes.subarray(this.#size, size)
    this.#size = size
    await appendFile(this.#path, part)
  }
}
