import { MillraceError } from '../base/errors.ts'
import { murmur3Text } from '../base/hash.ts'
import { maxKeyBytes } from '../base/limits.ts'
import { utf8Length } from '../base/utf8.ts'
import { type EntityTable, Row, Status } from './row.ts'
import { Field } from './row-key.ts'

/**
 * The rows of a commit group that are in memory. Finds rows, says which must be read from the store before the batch can go
 * on, and lets rows go that the store holds and nobody needs (second chance: a clock over the rows in order of arrival).
 */
export class RowCache {
  readonly tables: readonly EntityTable[]
  readonly shardCount: number
  /** Rows that must be read before the batch can go on. */
  missing: Row[] = []
  /** Brings a row that is new here to its newest value where that is not in the store yet. False: the store has it. */
  recall: (row: Row) => boolean = () => false
  /** Rows that the batch has touched, in order. */
  readonly touched: Row[] = []
  #owned: readonly boolean[]
  #clock: Row[] = []
  #hand = 0
  #bytes = 0
  readonly #limitBytes: number

  constructor(tables: readonly EntityTable[], shardCount: number, owned: readonly boolean[], limitBytes: number) {
    this.tables = tables
    this.shardCount = shardCount
    this.#owned = owned
    this.#limitBytes = limitBytes
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#clock.length
  }

  owns(shard: number): boolean {
    return this.#owned[shard] === true
  }

  /** The state row of an entity; undefined when its shard is elsewhere. Throws MR_KEY_INVALID. */
  find(entity: number, key: string): Row | undefined {
    const row = this.tables[entity]!.rows.get(key)
    return row ?? this.#meet(entity, key)
  }

  shardOf(key: string): number {
    return murmur3Text(key, 0) % this.shardCount
  }

  #meet(entity: number, key: unknown): Row | undefined {
    checkKey(key)
    const shard = this.shardOf(key)
    if (!this.owns(shard)) return undefined
    const table = this.tables[entity]!
    const row = new Row(table, shard, key, Field.state, '')
    table.rows.set(key, row)
    if (!this.recall(row)) this.missing.push(row)
    return row
  }

  /** The state row of an entity that is known to be here. */
  stateRow(table: EntityTable, shard: number, key: string): Row {
    let row = table.rows.get(key)
    if (row === undefined) {
      row = new Row(table, shard, key, Field.state, '')
      table.rows.set(key, row)
      if (!this.recall(row)) this.missing.push(row)
    }
    return row
  }

  /** Removes an activity or an answer, whether it is in memory or only in the store. */
  forgetChild(parent: Row, field: number, element: string, serial: number): void {
    const row = this.child(parent, field, element)
    if (row.status === Status.absent) {
      row.exists = true
      this.admit(row)
    }
    row.status = Status.live
    row.state = undefined
    row.gone = true
    if (row.batch !== serial) this.touch(row, serial)
  }

  /** An activity or an answer of an entity. It may be absent; the caller decides whether to ask for it. */
  child(parent: Row, field: number, element: string): Row {
    const map = field === Field.activity ? (parent.activities ??= new Map()) : (parent.answers ??= new Map())
    let row = map.get(element)
    if (row === undefined) {
      row = new Row(parent.table, parent.shard, parent.key, field, element)
      map.set(element, row)
    }
    return row
  }

  touch(row: Row, serial: number): void {
    row.batch = serial
    row.recent = true
    this.touched.push(row)
  }

  /** The store answered: `value` is what it holds of the row, undefined for nothing. */
  loaded(row: Row, value: Uint8Array | undefined): void {
    if (row.status !== Status.absent) return
    if (value === undefined) row.setNoBase()
    else row.setBase(value, 0, value.length)
    row.status = Status.encoded
    this.admit(row)
  }

  /** Counts a row that came into memory, and puts it on the clock. */
  admit(row: Row): void {
    if (row.admitted) return // undone and read again
    row.admitted = true
    this.#clock.push(row)
    this.#bytes += row.sizeBytes
  }

  resized(deltaBytes: number): void {
    this.#bytes += deltaBytes
  }

  /**
   * Lets rows go until the limit is kept or everything was looked at twice. Call between batches only. A row stays while it
   * is needed: recently used, not yet written back (W3), or with children that are.
   */
  evict(): void {
    if (this.#bytes <= this.#limitBytes) return
    let looks = Math.min(2 * this.#clock.length, 65_536)
    while (this.#bytes > this.#limitBytes && looks-- > 0 && this.#clock.length > 0) {
      if (this.#hand >= this.#clock.length) this.#hand = 0
      const row = this.#clock[this.#hand]!
      if (
        row.recent ||
        row.firstDirty !== 0 ||
        row.writingBack !== 0 ||
        row.activities !== undefined ||
        row.answers !== undefined
      ) {
        row.recent = false
        this.#hand += 1
        continue
      }
      this.#drop(row)
      const last = this.#clock.pop()!
      if (this.#hand < this.#clock.length) this.#clock[this.#hand] = last
    }
  }

  #drop(row: Row): void {
    this.#bytes -= row.sizeBytes
    row.admitted = false
    if (row.field === Field.state) {
      row.table.rows.delete(row.key)
      return
    }
    const parent = row.table.rows.get(row.key)
    const map = row.field === Field.activity ? parent?.activities : parent?.answers
    map?.delete(row.element)
    if (parent?.activities?.size === 0) parent.activities = undefined
    if (parent?.answers?.size === 0) parent.answers = undefined
  }
}

/** Throws MR_KEY_INVALID unless `key` can be the key of an entity. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') throw keyError(`the key is ${key === null ? 'null' : typeof key}, not a string`)
  if (key.length > maxKeyBytes / 3 && utf8Length(key) > maxKeyBytes)
    throw keyError(`the key is longer than ${maxKeyBytes} bytes`)
  if (!key.isWellFormed()) throw keyError('the key has half a surrogate pair')
}

function keyError(what: string): MillraceError {
  return new MillraceError('MR_KEY_INVALID', what, {
    next: 'Return a short string from keyBy, and give one to ctx.send',
  })
}
