import { assert } from '../base/assert.ts'
import { Fifo } from '../base/fifo.ts'
import { latin1 } from './latin1.ts'
import type { Shelf } from './shelf.ts'
import type { RowsInRecords } from './rows-in-records.ts'
import { fetched } from './shelf-fetch.ts'

/** A row that no entity owns: a timer, a dead letter, the header of a shard. */
export interface LooseRow {
  readonly key: Uint8Array
  /** The sealed value; undefined: removed. */
  readonly value: Uint8Array | undefined
  firstDirty: number
  /** Its key as a text, where its value may change before it is written back. */
  readonly name?: string
}

/** Rows that a record has made dirty. */
interface Dirty {
  readonly number: number
  /** Those of entities that it has changed, by cell: also what a later record has changed again. Known when the next record begins. */
  cells: Int32Array
  /** Those that it was the first to change. */
  readonly loose: LooseRow[]
}

const noCells = new Int32Array(0)

export type RowWrite = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** What it takes to read and verify a record at open, beside its bytes, as bytes: 11 us, where 1 MB of large records takes 10 ms. */
const recordCostBytes = 1_024

/** What a record takes of the window. */
export function costOf(sizeBytes: number): number {
  return recordCostBytes + sizeBytes
}

/** A record of which less than this share still holds the newest value of a row is dropped before the window is full. */
const keptShare = 1 / 8
/** So many of its rows say what share that is. */
const sampled = 64
/** Up to this share of the window nothing is dropped early: what is read at open is little then anyway. */
const leastShare = 1 / 8
/** Where more of a record than this share is newest when the window is full, waiting gained little: then only a part of the window is used. */
const gainlessShare = 3 / 4
/** That part. */
const hastyShare = 1 / 3
/** After so many windows of records it is found out once more. */
const hastyWindows = 16
/** One commit takes about so much of the window when there is more to take than it has added: none pays for all of it. */
const stepShare = 1 / 32

/**
 * Which rows have their newest value only in commit records, oldest first. Every commit writes some of them back, so that
 * the records before can be dropped: at most about `windowBytes` of records (with what goes with reading them) are needed at open, and no
 * commit pays for all rows. The longer a record stays, the more of its rows are changed again and need not be written: it stays for as
 * long as that gains something, as far as a few of its rows can tell.
 *
 * B1 A row of which record r holds the newest value is written back, with its value as of the commit that does so, before r is dropped. What
 *    is changed again all the time is not written back at all: a later record has it. (Loose rows are, once for each round.)
 * B2 So at open, rows in the store and then all remaining records in order (the last value wins) give the sealed state.
 * (Explored in test/models/write-back.ts.)
 */
export class WriteBack {
  readonly #shelf: Shelf
  readonly #windowBytes: number
  readonly #dirty = new Fifo<Dirty>()
  /** Records that are not dropped yet. */
  readonly #records = new Fifo<{ readonly number: number; readonly costBytes: number }>()
  #bytes = 0
  /** So many bytes of records will not wait for the whole window. */
  #hastyBytes = 0
  /**
   * Cells that the newest record has changed, so far. They are kept outside of V8's heap: some thousand for each commit, for as long as its
   * record, are what V8 would collect all of its memory for once a second.
   */
  #cells = new Int32Array(1_024)
  #cellCount = 0
  /** What records of before the group was opened say of states. Undefined: nothing. */
  inRecords: RowsInRecords | undefined = undefined
  readonly loose: Map<string, LooseRow & { value: Uint8Array | undefined }> = new Map()

  constructor(shelf: Shelf, windowBytes: number) {
    this.#shelf = shelf
    this.#windowBytes = windowBytes
  }

  /** Counts a sealed (or recovered) record; see `costOf`. */
  addRecord(number: number, costBytes: number): void {
    this.#records.push({ number, costBytes })
    this.#bytes += costBytes
    this.#hastyBytes = Math.max(0, this.#hastyBytes - costBytes)
  }

  /** The row of an entity has a new sealed value, in record `number`. */
  dirty(cell: number, number: number): void {
    if (this.#shelf.isDirtyBy(cell, number)) return
    this.#shelf.setDirty(cell, number)
    this.#since(number)
    if (this.#cellCount === this.#cells.length) this.#growCells()
    this.#cells[this.#cellCount++] = cell
  }

  /** The same for a row that no entity owns. */
  dirtyLoose(row: LooseRow, number: number): void {
    if (row.firstDirty !== 0) return
    row.firstDirty = number
    this.#since(number).loose.push(row)
  }

  /** A new value of a row that no entity owns. */
  put(key: Uint8Array, value: Uint8Array | undefined, number: number): void {
    const name = latin1(key)
    let row = this.loose.get(name)
    if (row === undefined) this.loose.set(name, (row = { key, value, firstDirty: 0, name }))
    else row.value = value
    this.dirtyLoose(row, number)
  }

  /** A row that is new, and whose value stays as it is until it is removed. */
  add(key: Uint8Array, value: Uint8Array, number: number): void {
    this.dirtyLoose({ key, value, firstDirty: 0 }, number)
  }

  /**
   * Takes the rows that the commit that was just sealed is to write back; `written` is called when it is durable. `flushing`: some more with
   * every commit, until one takes all that are left.
   */
  take(flushing: boolean): { readonly rows: RowWrite[]; readonly cells: readonly number[] } {
    this.#keepCells()
    const upTo = this.#lastToGo(flushing)
    const rows: RowWrite[] = []
    const cells: number[] = []
    this.inRecords?.pass(upTo, cells)
    while (this.#dirty.size > 0 && this.#dirty.first!.number <= upTo) {
      const dirty = this.#dirty.shift()!
      for (const row of dirty.loose) rows.push(this.#takeLoose(row))
      for (const cell of dirty.cells) if (this.#shelf.isDirtyBy(cell, dirty.number)) cells.push(cell)
    }
    this.#takeCells(cells, rows)
    return { rows, cells }
  }

  /** The rows of these cells are in the store now, as of a commit that took them. */
  written(cells: readonly number[]): void {
    for (const cell of cells) this.#shelf.endWriting(cell)
  }

  /** The lowest record that is still needed for rows, once the rows taken so far are durable. */
  get lowestNeeded(): number {
    const late = this.inRecords?.lowestNeeded ?? Number.POSITIVE_INFINITY
    return Math.min(this.#dirty.first?.number ?? Number.POSITIVE_INFINITY, late)
  }

  /** Records below `number` were dropped. */
  dropped(number: number): void {
    while ((this.#records.first?.number ?? number) < number) this.#bytes -= this.#records.shift()!.costBytes
  }

  /** The newest record whose rows are to be written back now; 0: none. */
  #lastToGo(flushing: boolean): number {
    const lowest = this.lowestNeeded
    let bytes = this.#bytes
    let i = 0
    // The outputs of these may be waited for: their rows are written.
    for (; i < this.#records.size && this.#records.at(i)!.number < lowest; i++) bytes -= this.#records.at(i)!.costBytes
    const most = this.#leaves(bytes, flushing)
    const least = this.#windowBytes * leastShare
    let last = 0
    for (let at = 0; i < this.#records.size; i++) {
      const { number, costBytes } = this.#records.at(i)!
      while (at < this.#dirty.size && this.#dirty.at(at)!.number < number) at++
      const dirty = this.#dirty.at(at)
      if (bytes <= most && (bytes <= least || this.#newestShare(number, dirty) > keptShare)) break
      // It was there for a whole window.
      if (bytes > most && !flushing && this.#hastyBytes === 0 && this.#newestShare(number, dirty) > gainlessShare)
        this.#hastyBytes = hastyWindows * this.#windowBytes
      bytes -= costBytes
      last = number
    }
    return last
  }

  /** How much of so many bytes of records stays after this commit. A flush comes to its end however much each commit adds. */
  #leaves(bytes: number, flushing: boolean): number {
    const step = Math.max(this.#windowBytes * stepShare, 2 * (this.#records.last?.costBytes ?? 0))
    if (flushing) return bytes <= 2 * step ? 0 : bytes - step
    return Math.max(this.#windowBytes * (this.#hastyBytes > 0 ? hastyShare : 1), bytes - step)
  }

  /** Of the rows that a record has changed, how many have their newest value in it. `dirty`: of it or of a newer one. */
  #newestShare(number: number, dirty: Dirty | undefined): number {
    if (this.inRecords !== undefined && this.inRecords.lowestNeeded <= number) return 1 / 2 // not known: they are not gone through yet
    if (dirty?.number !== number) return 0
    const looks = Math.min(sampled, dirty.cells.length)
    let newest = 0
    for (let i = 0; i < looks; i++) if (this.#shelf.isDirtyBy(dirty.cells[i]!, number)) newest += 1
    return looks === 0 ? 0 : newest / looks
  }

  #since(number: number): Dirty {
    let { last } = this.#dirty
    if (last?.number !== number) {
      this.#keepCells()
      this.#dirty.push((last = { number, cells: noCells, loose: [] }))
    }
    return last
  }

  /** The newest record has changed all that it changes. */
  #keepCells(): void {
    if (this.#cellCount === 0) return
    const dirty = this.#dirty.last!
    assert(dirty.cells === noCells, `the rows of record ${dirty.number} are all known before any is taken`)
    dirty.cells = this.#cells.slice(0, this.#cellCount)
    this.#cellCount = 0
  }

  #growCells(): void {
    const cells = new Int32Array(2 * this.#cells.length)
    cells.set(this.#cells)
    this.#cells = cells
  }

  #takeLoose(row: LooseRow): RowWrite {
    row.firstDirty = 0
    if (row.name !== undefined) this.loose.delete(row.name)
    return [row.key, row.value]
  }

  /**
   * All in one piece of memory: cells move, and what was taken must not. By shard, which keys begin with: LevelDB puts rows that are
   * near each other in for less.
   */
  #takeCells(taken: readonly number[], rows: RowWrite[]): void {
    const shelf = this.#shelf
    const cells = this.#byShard(taken)
    let size = 0
    for (const cell of cells) size += shelf.sizeOf(cell)
    const bytes = new Uint8Array(size)
    const { buffer } = bytes
    let at = 0
    for (let i = 0; i < cells.length; i++) {
      if (i % fetched === 0) shelf.fetchCells(cells, i, Math.min(i + fetched, cells.length))
      const cell = cells[i]!
      const value = shelf.copyTo(cell, bytes, at)
      const end = at + shelf.sizeOf(cell)
      const key = new Uint8Array(buffer, at, value - at)
      rows.push([key, shelf.exists(cell) ? new Uint8Array(buffer, value, end - value) : undefined])
      shelf.beginWriting(cell)
      at = end
    }
  }

  #byShard(cells: readonly number[]): number[] {
    const lists: number[][] = []
    for (let i = 0; i < cells.length; i++) {
      if (i % fetched === 0) this.#shelf.fetchCells(cells, i, Math.min(i + fetched, cells.length))
      const cell = cells[i]!
      const shard = this.#shelf.shardOf(cell)
      const list = lists[shard]
      if (list === undefined) lists[shard] = [cell]
      else list.push(cell)
    }
    return lists.flat()
  }
}
