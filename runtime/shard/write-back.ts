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

/**
 * Which rows have their newest value only in commit records, oldest first. Every commit writes some of them back, so that
 * the records before can be dropped: at most `windowBytes` of records are needed at open, and no commit pays for all rows.
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
  readonly #records = new Fifo<{ readonly number: number; readonly sizeBytes: number }>()
  #bytes = 0
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

  /** Counts a sealed (or recovered) record. */
  addRecord(number: number, sizeBytes: number): void {
    this.#records.push({ number, sizeBytes })
    this.#bytes += sizeBytes
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

  /** Takes the rows that the commit that was just sealed is to write back; `written` is called when it is durable. `all`: every one. */
  take(all: boolean): { readonly rows: RowWrite[]; readonly cells: readonly number[] } {
    let excess = all ? Number.POSITIVE_INFINITY : this.#bytes - this.#windowBytes
    let upTo = 0
    for (let i = 0; i < this.#records.size && excess > 0; i++) {
      const record = this.#records.at(i)!
      excess -= record.sizeBytes
      upTo = record.number
    }
    this.#keepCells()
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
    while ((this.#records.first?.number ?? number) < number) this.#bytes -= this.#records.shift()!.sizeBytes
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
