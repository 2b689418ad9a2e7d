import type { RowCache } from './row-cache.ts'
import { type Row, Status } from './row.ts'
import { Field, Space } from './row-key.ts'
import { latin1 } from './latin1.ts'

/** A row as the commit records have it that were read at open: its key and newest value lie in them. */
export class RecoveredRow {
  readonly name: string
  /** The first record that changed it; 0: it was written back. */
  firstDirty: number
  /** Since it was asked for, it is in memory as this row, whose values count from then on. */
  row: Row | undefined = undefined
  /** The commit that writes it back, and the rows that this commit writes back of those in memory. */
  writtenBy = 0
  writtenWith: Row[] | undefined = undefined
  readonly #keyRecord: Uint8Array
  readonly #keyStart: number
  readonly #keyEnd: number
  #record: Uint8Array
  #start: number
  #end: number

  /** The key is `record[keyStart, keyEnd)`, the value `record[start, end)`; `start` below 0: it was removed. */
  constructor(
    name: string,
    firstDirty: number,
    record: Uint8Array,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ) {
    this.name = name
    this.firstDirty = firstDirty
    this.#keyRecord = record
    this.#keyStart = keyStart
    this.#keyEnd = keyEnd
    this.#record = record
    this.#start = start
    this.#end = end
  }

  /** A later record has another value. */
  change(record: Uint8Array, start: number, end: number): void {
    this.#record = record
    this.#start = start
    this.#end = end
  }

  get key(): Uint8Array {
    return this.#keyRecord.subarray(this.#keyStart, this.#keyEnd)
  }

  get value(): Uint8Array | undefined {
    return this.#start < 0 ? undefined : this.#record.subarray(this.#start, this.#end)
  }

  /** Whether it is the state of an entity. */
  get isState(): boolean {
    const bytes = this.#keyRecord
    const start = this.#keyStart
    if (bytes[start] !== Space.entity) return false
    let at = start + 5
    let size = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++]!
      size += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    return bytes[at + size] === Field.state
  }

  /** Makes its value that of `row`. */
  giveTo(row: Row): void {
    if (this.#start < 0) row.setNoBase()
    else row.setBase(this.#record, this.#start, this.#end)
    row.status = Status.encoded
    if (this.firstDirty !== 0) {
      this.row = row
      row.firstDirty = this.firstDirty
    } else {
      row.writingBack = this.writtenBy
      this.writtenWith!.push(row)
    }
  }
}

/**
 * States that the commit records have and nobody has asked for yet. After a kill most of them are not needed soon: they wait here as
 * bytes, so that a group can begin before it has made a hundred thousand rows.
 *
 * F1 What is here is newer than what the store has, so it is looked for here first.
 * F2 It stays here until it is in memory, or the commit that writes it back is durable.
 */
export class RecoveredRows {
  #rows = new Map<string, RecoveredRow>()
  /** Those that were written back by commits that are not durable yet, in their order. */
  #written: RecoveredRow[] = []

  /** Takes over states of `rows`; what else is in there must be gone by then. */
  restore(rows: Map<string, RecoveredRow>): void {
    this.#rows = rows
  }

  /** Brings `row` to what the records say of it. False: they say nothing. */
  claim(row: Row, cache: RowCache): boolean {
    if (this.#rows.size === 0) return false
    const name = latin1(row.rowKey())
    const found = this.#rows.get(name)
    if (found === undefined) return false
    this.#rows.delete(name)
    found.giveTo(row)
    cache.admit(row)
    return true
  }

  /** Commit `number` writes it back, with `entities`. */
  written(row: RecoveredRow, number: number, entities: Row[]): void {
    row.writtenBy = number
    row.writtenWith = entities
    this.#written.push(row)
  }

  /** The rows that commit `number` wrote back are durable. */
  durable(number: number): void {
    if (this.#written.length === 0) return
    const rest = this.#written.findIndex((row) => row.writtenBy > number)
    for (const row of this.#written.splice(0, rest < 0 ? this.#written.length : rest)) this.#rows.delete(row.name)
  }
}
