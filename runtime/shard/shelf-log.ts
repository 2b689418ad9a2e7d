/** Cells of a shelf are numbered from 0. */
export const none: number = -1

/** What a block begins with: the cell that it belongs to (`none`: dead), and its size, 32 bits each. */
export const blockHeadBytes = 8
const smallestChunkBytes = 1 << 10
const largestChunkBytes = 256 << 10
/** Chunks in which the limit is divided: the finer, the less lies in chunks that are half dead. */
const chunksInLimit = 256
/** Chunks that are kept to be filled again. */
const keptChunks = 4

export interface Chunk {
  readonly bytes: Uint8Array
  /** The same bytes. */
  readonly words: Int32Array
  used: number
}

/**
 * Memory of a shelf: blocks of bytes, appended to chunks of one size. Dead blocks come free when the hand passes them: it goes
 * through the chunks from the oldest on, and whoever moves it says of each living block whether it is appended anew or dropped.
 * So one pass is both the clock that finds what was not used for long, and the collector of what died elsewhere.
 * (After the log-structured memory of RAMCloud: Rumble, Kejriwal, Ousterhout, FAST 2014.)
 */
export class ShelfLog {
  readonly chunks: (Chunk | undefined)[] = []
  /** Bytes of blocks that live. */
  livingBytes: number = 0
  /** Bytes of all chunks in use. */
  heldBytes: number = 0
  /** Where the last block was appended. */
  lastChunk: number = none
  lastAt: number = 0
  readonly #chunkBytes: number
  /** Chunks that are full, oldest first. The hand is in the first of them. */
  readonly #full: number[] = []
  readonly #numbers: number[] = []
  readonly #kept: Chunk[] = []
  #head = none
  #handAt = 0

  constructor(limitBytes: number) {
    const wanted = Math.min(Math.max(limitBytes / chunksInLimit, smallestChunkBytes), largestChunkBytes)
    this.#chunkBytes = wanted - (wanted % 8)
  }

  /** Whether so much is dead that the hand should move on for that alone. */
  get sparse(): boolean {
    return this.heldBytes > 2 * this.livingBytes + 4 * this.#chunkBytes
  }

  /** Appends a block of `sizeBytes` (a multiple of 8, with its head) for a cell; where it lies is in `lastChunk` and `lastAt`. */
  append(cell: number, sizeBytes: number): void {
    const number = this.#roomFor(sizeBytes)
    const chunk = this.chunks[number]!
    const at = chunk.used
    chunk.words[at >> 2] = cell
    chunk.words[(at >> 2) + 1] = sizeBytes
    chunk.used = at + sizeBytes
    this.livingBytes += sizeBytes
    this.lastChunk = number
    this.lastAt = at
  }

  /** The block dies. */
  kill(chunk: number, at: number): void {
    const { words } = this.chunks[chunk]!
    words[at >> 2] = none
    this.livingBytes -= words[(at >> 2) + 1]!
  }

  /** Moves the hand to the next living block; its cell, or `none`. The block must be killed before this is called again. */
  nextAtHand(): number {
    for (;;) {
      if (this.#full.length === 0 && !this.#close()) return none
      const number = this.#full[0]!
      const { words, used } = this.chunks[number]!
      while (this.#handAt < used) {
        const at = this.#handAt >> 2
        const cell = words[at]!
        if (cell !== none) return cell
        this.#handAt += words[at + 1]!
      }
      this.#release(number)
    }
  }

  #roomFor(sizeBytes: number): number {
    if (sizeBytes > this.#chunkBytes >> 2) {
      const number = this.#open(new Uint8Array(sizeBytes))
      this.#full.push(number)
      return number
    }
    const head = this.chunks[this.#head]
    if (head !== undefined && head.used + sizeBytes <= this.#chunkBytes) return this.#head
    this.#close()
    this.#head = this.#open(undefined)
    return this.#head
  }

  /** Nothing more is appended to the newest chunk. False: it has nothing. */
  #close(): boolean {
    if (this.#head === none) return false
    this.#full.push(this.#head)
    this.#head = none
    return true
  }

  #open(own: Uint8Array | undefined): number {
    const chunk = (own === undefined ? this.#kept.pop() : undefined) ?? chunkOf(own ?? new Uint8Array(this.#chunkBytes))
    chunk.used = 0
    this.heldBytes += chunk.bytes.length
    const number = this.#numbers.pop() ?? this.chunks.length
    this.chunks[number] = chunk
    return number
  }

  #release(number: number): void {
    const chunk = this.chunks[number]!
    this.chunks[number] = undefined
    this.#numbers.push(number)
    this.#full.shift()
    this.#handAt = 0
    this.heldBytes -= chunk.bytes.length
    if (chunk.bytes.length === this.#chunkBytes && this.#kept.length < keptChunks) this.#kept.push(chunk)
  }
}

function chunkOf(bytes: Uint8Array): Chunk {
  return { bytes, words: new Int32Array(bytes.buffer), used: 0 }
}
