import { murmur3 } from '../base/hash.ts'

/** What is known of a row: integers side by side, because objects for all of them cost more than reading the records. */
const Cell = { hash: 0, keyRecord: 1, keyStart: 2, keyEnd: 3, record: 4, start: 5, end: 6 } as const
const cellsPerRow = 7
const firstCapacity = 1_024
const noBytes = new Uint8Array(0)

/** Where a row lies in the records. One object says it of one row after the other. */
export interface RecoveredRow {
  /** `[keyStart, keyEnd)` is its key. */
  keyBytes: Uint8Array
  keyStart: number
  keyEnd: number
  /** `[start, end)` is its newest value. `start` below 0: it was removed. */
  valueBytes: Uint8Array
  start: number
  end: number
  /** The first record that changed it. */
  firstDirty: number
}

/**
 * Rows as the commit records have them that are read at open, in the order of the first record that changed each. After a kill there
 * are many: they stay bytes in the records.
 */
export class RecoveredRows {
  #count = 0
  #cells = new Int32Array(firstCapacity * cellsPerRow)
  /** Open addressing: the index of a row plus 1, at its hash or behind it. */
  #slots = new Int32Array(firstCapacity * 2)
  #records: { readonly number: number; readonly bytes: Uint8Array }[] = []
  /** What `read` gives. */
  readonly #row: RecoveredRow = {
    keyBytes: noBytes,
    keyStart: 0,
    keyEnd: 0,
    valueBytes: noBytes,
    start: 0,
    end: 0,
    firstDirty: 0,
  }

  get count(): number {
    return this.#count
  }

  /** The rows that are put and removed from now on are of this record. */
  begin(number: number, bytes: Uint8Array): void {
    this.#records.push({ number, bytes })
  }

  /** The record says that the row with key `[keyStart, keyEnd)` has the value `[start, end)`. `start` below 0: that there is none. */
  put(keyStart: number, keyEnd: number, start: number, end: number): void {
    const record = this.#records.length - 1
    const { bytes } = this.#records[record]!
    const hash = murmur3(bytes, keyStart, keyEnd, 0) | 0
    let i = this.#find(bytes, keyStart, keyEnd, hash)
    if (i < 0) {
      i = this.#add(hash)
      const at = i * cellsPerRow
      this.#cells[at + Cell.keyRecord] = record
      this.#cells[at + Cell.keyStart] = keyStart
      this.#cells[at + Cell.keyEnd] = keyEnd
    }
    const at = i * cellsPerRow
    this.#cells[at + Cell.record] = record
    this.#cells[at + Cell.start] = start
    this.#cells[at + Cell.end] = end
  }

  /** All rows with their newest values; undefined: it was removed. */
  *[Symbol.iterator](): Generator<readonly [key: Uint8Array, value: Uint8Array | undefined]> {
    for (let i = 0; i < this.#count; i++) yield [this.#keyOf(i), this.#valueOf(i)]
  }

  /** The newest value of a row. Undefined: the records do not speak of it. */
  get(key: Uint8Array): { readonly value: Uint8Array | undefined } | undefined {
    const i = this.indexOf(key, 0, key.length)
    return i < 0 ? undefined : { value: this.#valueOf(i) }
  }

  /** The index of the row whose key is `bytes[start, end)`; -1: the records do not speak of it. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#find(bytes, start, end, murmur3(bytes, start, end, 0) | 0)
  }

  /** Row i. What is returned says the next one after the next call. */
  read(i: number): Readonly<RecoveredRow> {
    const row = this.#row
    const cells = this.#cells
    const at = i * cellsPerRow
    const first = this.#records[cells[at + Cell.keyRecord]!]!
    row.keyBytes = first.bytes
    row.keyStart = cells[at + Cell.keyStart]!
    row.keyEnd = cells[at + Cell.keyEnd]!
    row.valueBytes = this.#records[cells[at + Cell.record]!]!.bytes
    row.start = cells[at + Cell.start]!
    row.end = cells[at + Cell.end]!
    row.firstDirty = first.number
    return row
  }

  #keyOf(i: number): Uint8Array {
    const at = i * cellsPerRow
    const { bytes } = this.#records[this.#cells[at + Cell.keyRecord]!]!
    return bytes.subarray(this.#cells[at + Cell.keyStart], this.#cells[at + Cell.keyEnd])
  }

  #valueOf(i: number): Uint8Array | undefined {
    const at = i * cellsPerRow
    const start = this.#cells[at + Cell.start]!
    if (start < 0) return undefined
    return this.#records[this.#cells[at + Cell.record]!]!.bytes.subarray(start, this.#cells[at + Cell.end])
  }

  /** The index of the row whose key is `bytes[start, end)`; -1: there is none. */
  #find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const i = this.#slots[slot]! - 1
      if (i < 0) return -1
      if (this.#cells[i * cellsPerRow + Cell.hash] === hash && this.#hasKey(i, bytes, start, end)) return i
    }
  }

  #hasKey(i: number, bytes: Uint8Array, start: number, end: number): boolean {
    const at = i * cellsPerRow
    const keyStart = this.#cells[at + Cell.keyStart]!
    if (this.#cells[at + Cell.keyEnd]! - keyStart !== end - start) return false
    const own = this.#records[this.#cells[at + Cell.keyRecord]!]!.bytes
    for (let j = keyStart, k = start; k < end; j++, k++) if (own[j] !== bytes[k]) return false
    return true
  }

  #add(hash: number): number {
    if ((this.#count + 1) * cellsPerRow > this.#cells.length) this.#grow()
    const i = this.#count++
    this.#cells[i * cellsPerRow + Cell.hash] = hash
    this.#link(i, hash)
    return i
  }

  #link(i: number, hash: number): void {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = i + 1
  }

  #grow(): void {
    const cells = new Int32Array(this.#cells.length * 2)
    cells.set(this.#cells)
    this.#cells = cells
    this.#slots = new Int32Array(this.#slots.length * 2)
    for (let i = 0; i < this.#count; i++) this.#link(i, cells[i * cellsPerRow + Cell.hash]!)
  }
}
