import { ByteWriter } from '../base/bytes.ts'
import { Field, shardOf, writeEntityKey } from './row-key.ts'
import {
  stride,
  hashWord,
  nextWord,
  chunkWord,
  atWord,
  keySizeWord,
  valueSizeWord,
  rowWord,
  flagsWord,
  flagsMask,
  recordShift,
  dirtyFlag,
  recentFlag,
  writingUnit,
} from './shelf-cell.ts'
import { ShelfFetch } from './shelf-fetch.ts'
import { blockHeadBytes, none, ShelfLog } from './shelf-log.ts'

/** Mixes the hash: 2^32 divided by the golden ratio (Knuth, The Art of Computer Programming, 6.4). */
const golden = 0x9e3779b1

/** What a cell costs beside its block: itself, its place in a bucket, and the room that doubling leaves empty. */
export const cellBytes = 64
/** Growing values find room in their block for a while. */
const spareBytes = 4
/** Before the text of a key: space, shard, entity. */
const beforeTextBytes = 5

/**
 * Sealed rows as bytes: key and value of each lie next to each other, outside of what the garbage collector looks at. A row is
 * known by its cell, a number that stays while the row is here.
 *
 * H1 A cell holds the row's value as of the last sealed batch. `exists` false: the row is known to have none.
 * H2 State rows are found by entity and key; rows with an element (`indexed` false) by whoever knows their cell.
 * H3 A cell leaves only by `remove`: whoever holds its number must keep the row needed, or awake.
 */
export class Shelf {
  readonly #log: ShelfLog
  #cells = new Int32Array(1_024 * stride)
  /** Twice as many as cells: few share one. */
  #buckets: Int32Array = new Int32Array(2_048).fill(none)
  /** A bucket is the upper bits of the mixed hash: its lower ones say the shard, and a group has only some of those. */
  #bucketShift = 21
  #free = none
  #top = 0
  #count = 0
  readonly #fetch = new ShelfFetch()

  constructor(limitBytes: number) {
    this.#log = new ShelfLog(limitBytes)
  }

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#log.livingBytes + this.#count * cellBytes
  }

  /** What all of it takes. */
  get heldBytes(): number {
    return this.#log.heldBytes + this.#cells.byteLength + this.#buckets.byteLength
  }

  /** Whether so much is dead that the hand should move on for that alone. */
  get sparse(): boolean {
    return this.#log.sparse
  }

  /** The cell of a state row, or `none`. `hash`: murmur3 of the key's UTF-8. */
  find(hash: number, entity: number, key: string): number {
    const cells = this.#cells
    const buckets = this.#buckets
    hash |= 0
    let cell = buckets[Math.imul(hash, golden) >>> this.#bucketShift]!
    while (cell !== none) {
      const at = cell * stride
      if (cells[at + hashWord] === hash && this.#isKey(at, entity, key)) return cell
      cell = cells[at + nextWord]!
    }
    return none
  }

  /** The same by the row's key as bytes: `bytes[start, end)`. */
  findBytes(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const cells = this.#cells
    hash |= 0
    let cell = this.#buckets[Math.imul(hash, golden) >>> this.#bucketShift]!
    for (; cell !== none; cell = cells[cell * stride + nextWord]!) {
      const at = cell * stride
      if (cells[at + hashWord] !== hash || cells[at + keySizeWord] !== end - start) continue
      const own = this.#log.chunks[cells[at + chunkWord]!]!.bytes
      if (equal(own, this.#start(at), bytes, start, end)) return cell
    }
    return none
  }

  /** Fetches what `find` will look at for `hashes[from, to)`, at most `fetched` of them (shelf-fetch.ts). */
  fetch(hashes: readonly number[], from: number, to: number): void {
    const { wanted } = this.#fetch
    const buckets = this.#buckets
    const shift = this.#bucketShift
    for (let i = from; i < to; i++) wanted[i - from] = buckets[Math.imul(hashes[i]!, golden) >>> shift]!
    this.#fetch.rows(this.#cells, this.#log.chunks, to - from)
  }

  /** Fetches the rows of `cells[from, to)`, at most `fetched` of them. */
  fetchCells(cells: readonly number[], from: number, to: number): void {
    const { wanted } = this.#fetch
    for (let i = from; i < to; i++) wanted[i - from] = cells[i]!
    this.#fetch.rows(this.#cells, this.#log.chunks, to - from)
  }

  /** A new cell, with room for `roomBytes` of value. A state row must not have one yet. */
  add(
    hash: number,
    shard: number,
    entity: number,
    key: string,
    field: number,
    element: string,
    roomBytes: number,
  ): number {
    keyScratch.clear()
    writeEntityKey(keyScratch, shard, entity, key, field, element)
    return this.addBytes(hash, keyScratch.bytes, 0, keyScratch.length, field === Field.state, roomBytes)
  }

  /** The same with the row's key as bytes: `bytes[start, end)`. */
  addBytes(hash: number, bytes: Uint8Array, start: number, end: number, indexed: boolean, roomBytes: number): number {
    const cell = this.#newCell()
    const at = cell * stride
    const cells = this.#cells
    cells[at + hashWord] = hash
    cells[at + keySizeWord] = end - start
    cells[at + valueSizeWord] = none
    cells[at + rowWord] = none
    cells[at + flagsWord] = recentFlag
    this.#append(cell, end - start + roomBytes)
    copy(bytes, start, end, this.#log.chunks[cells[at + chunkWord]!]!.bytes, this.#start(at))
    if (indexed) this.#link(cell)
    else cells[at + nextWord] = cell // not in a bucket
    return cell
  }

  /** The row leaves. */
  remove(cell: number): void {
    const at = cell * stride
    const cells = this.#cells
    if (cells[at + nextWord] !== cell) this.#unlink(cell)
    this.#log.kill(cells[at + chunkWord]!, cells[at + atWord]!)
    cells[at + nextWord] = this.#free
    this.#free = cell
    this.#count -= 1
  }

  exists(cell: number): boolean {
    return this.#cells[cell * stride + valueSizeWord] !== none
  }

  /** The row has this value now. */
  put(cell: number, bytes: Uint8Array, start: number, end: number): void {
    const at = cell * stride
    const cells = this.#cells
    const size = end - start
    const keySize = cells[at + keySizeWord]!
    if (blockHeadBytes + keySize + size > this.#blockSize(at)) this.#move(cell, keySize + size + (size >> 3))
    copy(bytes, start, end, this.#log.chunks[cells[at + chunkWord]!]!.bytes, this.#start(at) + keySize)
    cells[at + valueSizeWord] = size
  }

  /** The row has a value, and nobody needs to know which. */
  putUnknown(cell: number): void {
    this.#cells[cell * stride + valueSizeWord] = 0
  }

  isUnknown(cell: number): boolean {
    return this.#cells[cell * stride + valueSizeWord] === 0
  }

  /** The row has no value. */
  clear(cell: number): void {
    this.#cells[cell * stride + valueSizeWord] = none
  }

  /** Whether the value is what lies at `bytes[start, end)`. */
  holds(cell: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = cell * stride
    if (this.#cells[at + valueSizeWord] !== end - start) return false
    const own = this.#log.chunks[this.#cells[at + chunkWord]!]!.bytes
    return equal(own, this.#start(at) + this.#cells[at + keySizeWord]!, bytes, start, end)
  }

  /** Replaces what is in `out` by the value. */
  readValue(cell: number, out: ByteWriter): void {
    const at = cell * stride
    out.clear()
    const start = this.#start(at) + this.#cells[at + keySizeWord]!
    out.raw(this.#log.chunks[this.#cells[at + chunkWord]!]!.bytes, start, start + this.#cells[at + valueSizeWord]!)
  }

  /** Appends the row's key to `out`, as a block. */
  writeKey(cell: number, out: ByteWriter): void {
    const at = cell * stride
    const start = this.#start(at)
    out.block(this.#log.chunks[this.#cells[at + chunkWord]!]!.bytes, start, start + this.#cells[at + keySizeWord]!)
  }

  /** The shard that the row's key names. */
  shardOf(cell: number): number {
    const at = cell * stride
    const { bytes } = this.#log.chunks[this.#cells[at + chunkWord]!]!
    return shardOf(bytes, this.#start(at))
  }

  /** Bytes of key and value together. */
  sizeOf(cell: number): number {
    const at = cell * stride
    return this.#cells[at + keySizeWord]! + Math.max(this.#cells[at + valueSizeWord]!, 0)
  }

  /** Writes key and value to `out` at `to`. Returns where the value begins; what follows it is free. */
  copyTo(cell: number, out: Uint8Array, to: number): number {
    const at = cell * stride
    const start = this.#start(at)
    copy(this.#log.chunks[this.#cells[at + chunkWord]!]!.bytes, start, start + this.sizeOf(cell), out, to)
    return to + this.#cells[at + keySizeWord]!
  }

  /** The number of the row that is awake for this cell, or `none`. */
  rowOf(cell: number): number {
    return this.#cells[cell * stride + rowWord]!
  }

  setRow(cell: number, row: number): void {
    this.#cells[cell * stride + rowWord] = row
  }

  /** The row was used: it stays when the hand comes by the next time. */
  use(cell: number): void {
    const at = cell * stride + flagsWord
    this.#cells[at] = this.#cells[at]! | recentFlag
  }

  /** Whether record `number` is the one that changed the row last, and the row was not written back since. */
  isDirtyBy(cell: number, number: number): boolean {
    const flags = this.#cells[cell * stride + flagsWord]!
    return (flags & dirtyFlag) !== 0 && ((flags ^ (number << recordShift)) & ~flagsMask) === 0
  }

  /** Record `number` has changed the row. */
  setDirty(cell: number, number: number): void {
    const at = cell * stride + flagsWord
    this.#cells[at] = (this.#cells[at]! & flagsMask) | dirtyFlag | (number << recordShift)
  }

  /** The row is clean, and written back by a commit that is under way. */
  beginWriting(cell: number): void {
    const at = cell * stride + flagsWord
    this.#cells[at] = (this.#cells[at]! & ~dirtyFlag) + writingUnit
  }

  endWriting(cell: number): void {
    const at = cell * stride + flagsWord
    this.#cells[at] = this.#cells[at]! - writingUnit
  }

  /** The next row that the hand meets, or `none`. It must be kept or removed before this is called again. */
  nextAtHand(): number {
    return this.#log.nextAtHand()
  }

  /** The row stays, for one more round of the hand. */
  keep(cell: number): void {
    const at = cell * stride
    const flags = this.#cells[at + flagsWord]!
    this.#cells[at + flagsWord] = flags & ~recentFlag
    this.#move(cell, this.#blockSize(at) - blockHeadBytes - spareBytes)
  }

  /** Whether the row was used since the hand came by, or the store does not have its value yet (W2). */
  isNeeded(cell: number): boolean {
    return (this.#cells[cell * stride + flagsWord]! & flagsMask) !== 0
  }

  #isKey(at: number, entity: number, key: string): boolean {
    const cells = this.#cells
    const { bytes } = this.#log.chunks[cells[at + chunkWord]!]!
    let start = this.#start(at) + 3
    if (bytes[start] !== entity >> 8 || bytes[start + 1] !== (entity & 0xff)) return false
    start += 2
    const size = key.length
    // Nearly always: short and ASCII.
    if (size < 0x80 && cells[at + keySizeWord] === beforeTextBytes + 3 + size) {
      if (bytes[start] !== size) return false
      for (let i = 0; i < size; i++) if (bytes[start + 1 + i] !== key.charCodeAt(i)) return false
      return true
    }
    keyScratch.clear()
    keyScratch.text(key)
    if (keyScratch.length + beforeTextBytes + 2 !== cells[at + keySizeWord]) return false
    return equal(bytes, start, keyScratch.bytes, 0, keyScratch.length)
  }

  /** Where the key begins in its chunk. */
  #start(at: number): number {
    return this.#cells[at + atWord]! + blockHeadBytes
  }

  #blockSize(at: number): number {
    const { words } = this.#log.chunks[this.#cells[at + chunkWord]!]!
    return words[(this.#cells[at + atWord]! >> 2) + 1]!
  }

  /** Moves key and value to a block with room for `sizeBytes`. */
  #move(cell: number, sizeBytes: number): void {
    const at = cell * stride
    const cells = this.#cells
    const chunk = cells[at + chunkWord]!
    const from = cells[at + atWord]!
    const { bytes } = this.#log.chunks[chunk]!
    this.#append(cell, sizeBytes)
    const to = this.#log.chunks[cells[at + chunkWord]!]!.bytes
    copy(bytes, from + blockHeadBytes, from + blockHeadBytes + this.sizeOf(cell), to, this.#start(at))
    this.#log.kill(chunk, from)
  }

  #append(cell: number, sizeBytes: number): void {
    const log = this.#log
    log.append(cell, (blockHeadBytes + sizeBytes + spareBytes + 7) & ~7)
    this.#cells[cell * stride + chunkWord] = log.lastChunk
    this.#cells[cell * stride + atWord] = log.lastAt
  }

  #newCell(): number {
    this.#count += 1
    if (this.#free !== none) {
      const cell = this.#free
      this.#free = this.#cells[cell * stride + nextWord]!
      return cell
    }
    if ((this.#top + 1) * stride > this.#cells.length) this.#grow()
    return this.#top++
  }

  #grow(): void {
    const cells = new Int32Array(this.#cells.length * 2)
    cells.set(this.#cells)
    this.#cells = cells
    this.#buckets = new Int32Array(this.#buckets.length * 2).fill(none)
    this.#bucketShift -= 1
    for (let cell = 0; cell < this.#top; cell++) if (cells[cell * stride + nextWord] !== cell) this.#link(cell)
  }

  #link(cell: number): void {
    const at = cell * stride
    const bucket = Math.imul(this.#cells[at + hashWord]!, golden) >>> this.#bucketShift
    this.#cells[at + nextWord] = this.#buckets[bucket]!
    this.#buckets[bucket] = cell
  }

  #unlink(cell: number): void {
    const cells = this.#cells
    const next = cells[cell * stride + nextWord]!
    const bucket = Math.imul(cells[cell * stride + hashWord]!, golden) >>> this.#bucketShift
    let before = this.#buckets[bucket]!
    if (before === cell) {
      this.#buckets[bucket] = next
      return
    }
    while (cells[before * stride + nextWord] !== cell) before = cells[before * stride + nextWord]!
    cells[before * stride + nextWord] = next
  }
}

const keyScratch = new ByteWriter(256)

/** Whether `own`, from `at` on, is what lies at `bytes[start, end)`. */
function equal(own: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++, at++) if (own[at] !== bytes[i]) return false
  return true
}

/** Short ones byte by byte: a call into the platform costs more. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > 48) to.set(from.subarray(start, end), at)
  else for (let i = start; i < end; i++) to[at++] = from[i]!
}
