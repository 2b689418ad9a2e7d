import { ByteWriter } from '../base/bytes.ts'
import { murmur3 } from '../base/hash.ts'
import type { RowCache } from './row-cache.ts'
import { type Row, Status } from './row.ts'
import { Field, Space } from './row-key.ts'

/** What is known of a row: integers side by side, because objects for all of them cost more than reading the records. */
const Cell = { hash: 0, keyRecord: 1, keyStart: 2, keyEnd: 3, record: 4, start: 5, end: 6, elsewhere: 7 } as const
const cellsPerRow = 8
const firstCapacity = 1_024

type Taken = { readonly number: number; readonly end: number; readonly entities: Row[] }

/**
 * Rows as the commit records have them that are read at open, in the order of the first record that changed each. After a kill there
 * are many and few are needed soon, so the states of entities stay here as bytes until somebody asks for them (`claim`) or they are
 * written back in their turn (`takeUpTo`): a group can begin before it has made a hundred thousand rows. The others are made at once.
 *
 * F1 What is here is newer than what the store has, so it is looked for here first.
 * F2 It stays here until it is in memory, or the commit that writes it back is durable.
 */
export class RecoveredRows {
  #count = 0
  #cells = new Int32Array(firstCapacity * cellsPerRow)
  /** Open addressing: the index of a row plus 1, at its hash or behind it. */
  #slots = new Int32Array(firstCapacity * 2)
  #records: { readonly number: number; readonly bytes: Uint8Array }[] = []
  /** The rows before were written back; those before `#gone` by commits that are durable. */
  #head = 0
  #gone = 0
  #taken: Taken[] = []
  /** In memory since somebody asked, and not written back yet: by their index. */
  readonly #claimed = new Map<number, Row>()
  readonly #key = new ByteWriter(256)

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
    const i = this.#find(key, 0, key.length, murmur3(key, 0, key.length, 0) | 0)
    return i < 0 ? undefined : { value: this.#valueOf(i) }
  }

  /** Hands over all rows but states, with the first record that changed each: from now on they are somebody else's. */
  handOver(take: (key: Uint8Array, value: Uint8Array | undefined, firstDirty: number) => void): void {
    for (let i = 0; i < this.#count; i++) {
      if (this.#isState(i)) continue
      this.#leave(i)
      take(this.#keyOf(i), this.#valueOf(i), this.#firstDirty(i))
    }
    this.#skip()
  }

  /** Brings `row` to what the records say of it. False: they say nothing. */
  claim(row: Row, cache: RowCache): boolean {
    if (this.#gone === this.#count) return false
    const key = this.#key
    key.clear()
    row.writeKey(key)
    const i = this.#find(key.bytes, 0, key.length, murmur3(key.bytes, 0, key.length, 0) | 0)
    if (i < this.#gone || this.#cells[i * cellsPerRow + Cell.elsewhere] === 1) return false
    const at = i * cellsPerRow
    const start = this.#cells[at + Cell.start]!
    if (start < 0) row.setNoBase()
    else row.setBase(this.#records[this.#cells[at + Cell.record]!]!.bytes, start, this.#cells[at + Cell.end]!)
    row.status = Status.encoded
    this.#leave(i)
    if (i >= this.#head) {
      row.firstDirty = this.#firstDirty(i)
      this.#claimed.set(i, row)
    } else {
      const { number, entities } = this.#taken.find(({ end }) => i < end)!
      row.writingBack = number
      entities.push(row)
    }
    cache.admit(row)
    return true
  }

  /** The lowest record that is still needed for rows that were not written back. */
  get lowestNeeded(): number {
    return this.#head < this.#count ? this.#firstDirty(this.#head) : Number.POSITIVE_INFINITY
  }

  /** Commit `number` writes back what was changed first by `record`, or before. Of those in memory it also tells the rows. */
  takeUpTo(
    record: number,
    number: number,
    rows: (readonly [Uint8Array, Uint8Array | undefined])[],
    entities: Row[],
  ): void {
    const from = this.#head
    for (; this.#head < this.#count && this.#firstDirty(this.#head) <= record; this.#head++) {
      const row = this.#claimed.get(this.#head)
      if (row !== undefined) {
        this.#claimed.delete(this.#head)
        row.firstDirty = 0
        row.writingBack = number
        entities.push(row)
        rows.push([row.rowKey(), row.sealedValue()])
      } else if (this.#cells[this.#head * cellsPerRow + Cell.elsewhere] === 0)
        rows.push([this.#keyOf(this.#head), this.#valueOf(this.#head)])
    }
    this.#skip()
    if (this.#head > from) this.#taken.push({ number, end: this.#head, entities })
  }

  /** Commit `number` is durable. */
  durable(number: number): void {
    while (this.#taken.length > 0 && this.#taken[0]!.number <= number) this.#gone = this.#taken.shift()!.end
    if (this.#gone < this.#count || this.#count === 0) return
    this.#count = this.#head = this.#gone = 0
    this.#records = []
    this.#cells = new Int32Array(0)
    this.#slots = new Int32Array(1)
  }

  /** Goes behind what is somebody else's to write back. */
  #skip(): void {
    while (
      this.#head < this.#count &&
      this.#cells[this.#head * cellsPerRow + Cell.elsewhere] === 1 &&
      !this.#claimed.has(this.#head)
    )
      this.#head += 1
  }

  #leave(i: number): void {
    this.#cells[i * cellsPerRow + Cell.elsewhere] = 1
  }

  #firstDirty(i: number): number {
    return this.#records[this.#cells[i * cellsPerRow + Cell.keyRecord]!]!.number
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

  /** Space u8, shard u16, entity u16, key text, field u8: see row-key.ts. */
  #isState(i: number): boolean {
    const at = i * cellsPerRow
    const { bytes } = this.#records[this.#cells[at + Cell.keyRecord]!]!
    let place = this.#cells[at + Cell.keyStart]!
    if (bytes[place] !== Space.entity) return false
    place += 5
    let size = 0
    for (let scale = 1, more = true; more; scale *= 0x80) {
      const byte = bytes[place++]!
      size += (byte & 0x7f) * scale
      more = byte >= 0x80
    }
    return bytes[place + size] === Field.state
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
