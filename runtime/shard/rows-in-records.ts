import { ByteWriter } from '../base/bytes.ts'
import { murmur3 } from '../base/hash.ts'
import type { RecoveredRow, RecoveredRows } from './recovered-rows.ts'
import { Field, keyTextEnd, keyTextStart, writeEntityKey } from './row-key.ts'
import type { Shelf } from './shelf.ts'
import { none } from './shelf-log.ts'

/**
 * States whose newest value is in commit records of before the group was opened, and that stay there until a message asks for them or
 * their record is to be dropped: after a kill there are very many, and the first output should not wait for all of them.
 *
 * R1 They pass in the order of the first record that changed each. Those that have not passed are on the shelf and dirty, or only here.
 * R2 One that has passed is written back, or dirty because of a later record. It is not looked for here again: it would be dirty because of
 *    a record that nobody goes through any more, and stay on the shelf for ever.
 * R3 So a record of now writes nothing back before all of these have passed (B1).
 */
export class RowsInRecords {
  readonly #shelf: Shelf
  /** Undefined: all have passed. */
  #rows: RecoveredRows | undefined
  /** Indices, ascending. */
  readonly #states: readonly number[]
  /** How many of those have passed. */
  #passed = 0
  readonly #key = new ByteWriter(256)

  constructor(shelf: Shelf, rows: RecoveredRows, states: readonly number[]) {
    this.#shelf = shelf
    this.#states = states
    this.#rows = states.length === 0 ? undefined : rows
  }

  /** The lowest record that is still needed for them. */
  get lowestNeeded(): number {
    return this.#rows?.read(this.#states[this.#passed]!).firstDirty ?? Number.POSITIVE_INFINITY
  }

  /** Puts the state of an entity that is not on the shelf onto it. Returns its cell, or `none`: it is not here. `hash`: of the key. */
  bring(hash: number, shard: number, entity: number, key: string): number {
    const rows = this.#rows
    if (rows === undefined) return none
    this.#key.clear()
    writeEntityKey(this.#key, shard, entity, key, Field.state, '')
    const i = rows.indexOf(this.#key.bytes, 0, this.#key.length)
    return i < this.#states[this.#passed]! ? none : this.#shelve(rows.read(i), hash)
  }

  /** Lets those pass that records up to `number` were the first to change. Adds to `cells` which of them are to be written back. */
  pass(number: number, cells: number[]): void {
    while (this.#rows !== undefined) {
      const row = this.#rows.read(this.#states[this.#passed]!)
      const { keyBytes, keyStart, keyEnd, firstDirty } = row
      if (firstDirty > number) return
      const hash = murmur3(keyBytes, keyTextStart(keyBytes, keyStart), keyTextEnd(keyBytes, keyStart), 0)
      let cell = this.#shelf.findBytes(hash, keyBytes, keyStart, keyEnd)
      if (cell === none) cell = this.#shelve(row, hash)
      if (this.#shelf.isDirtyBy(cell, firstDirty)) cells.push(cell)
      this.#passed += 1
      if (this.#passed === this.#states.length) this.#rows = undefined
    }
  }

  #shelve(
    { keyBytes, keyStart, keyEnd, valueBytes, start, end, firstDirty }: Readonly<RecoveredRow>,
    hash: number,
  ): number {
    const cell = this.#shelf.addBytes(hash, keyBytes, keyStart, keyEnd, true, end - start)
    if (start >= 0) this.#shelf.put(cell, valueBytes, start, end)
    this.#shelf.setDirty(cell, firstDirty)
    return cell
  }
}
