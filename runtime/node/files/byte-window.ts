import { Chain } from '../../base/hash.ts'

/** How much of a file's head and of the bytes before a position says which file it is. */
export const windowBytes = 64

/** The last bytes of a stream: all of them while it is shorter than the window. */
export class ByteWindow {
  readonly bytes: Uint8Array = new Uint8Array(windowBytes)
  length = 0

  /** `bytes[start, end)` came next. */
  push(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    if (size >= windowBytes) {
      copy(bytes, end - windowBytes, end, this.bytes, 0)
      this.length = windowBytes
      return
    }
    const keep = Math.min(this.length, windowBytes - size)
    this.bytes.copyWithin(0, this.length - keep, this.length)
    copy(bytes, start, end, this.bytes, keep)
    this.length = keep + size
  }

  clear(): void {
    this.length = 0
  }

  /** Whether `bytes[start, ...)` begins with what is in the window. */
  matches(bytes: Uint8Array, start: number): boolean {
    for (let i = 0; i < this.length; i++) if (bytes[start + i] !== this.bytes[i]) return false
    return true
  }
}

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  for (let i = start; i < end; i++) to[at++] = from[i]!
}

/**
 * What a position remembers of the file it is in (R4): the first bytes of the file, and those before the position. It finds
 * a file that was replaced, rotated or edited near either end; it does not read the whole file again.
 */
export class FileProof {
  readonly #head = new Uint8Array(windowBytes)
  #headLength = 0
  #headHash: string | undefined
  readonly tail: ByteWindow = new ByteWindow()
  readonly #chain = new Chain()

  /** `bytes[start, end)` were consumed. */
  push(bytes: Uint8Array, start: number, end: number): void {
    if (this.#headLength < windowBytes && start < end) {
      const size = Math.min(end - start, windowBytes - this.#headLength)
      copy(bytes, start, start + size, this.#head, this.#headLength)
      this.#headLength += size
      this.#headHash = undefined
    }
    this.tail.push(bytes, start, end)
  }

  /** Starts in the middle: the file's first bytes and those before the position, as many of each as a window holds. */
  seed(head: Uint8Array, tail: Uint8Array): void {
    this.#head.set(head)
    this.#headLength = head.length
    this.#headHash = undefined
    this.tail.clear()
    this.tail.push(tail, 0, tail.length)
  }

  /** The byte before the position, or -1 at the very beginning. */
  get lastByte(): number {
    return this.tail.length === 0 ? -1 : this.tail.bytes[this.tail.length - 1]!
  }

  /** `unterminated`: the last record is a line that had no line break when it was read. */
  write(unterminated: boolean): string {
    this.#headHash ??= this.#hash(this.#head, this.#headLength)
    const text = `${this.tail.length}.${this.#headHash}.${this.#hash(this.tail.bytes, this.tail.length)}`
    return unterminated ? `${text}.open` : text
  }

  #hash(bytes: Uint8Array, length: number): string {
    this.#chain.high = length
    this.#chain.low = 0
    this.#chain.add(bytes, 0, length)
    return this.#chain.toString()
  }
}

/** Whether a proof was given after a last line without a line break. */
export function isUnterminated(proof: string): boolean {
  return proof.endsWith('.open')
}
