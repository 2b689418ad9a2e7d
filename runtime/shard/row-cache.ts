import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import { murmur3Text, shardOf, shardOfHash } from '../base/hash.ts'
import { bytesPerNearRow, bytesPerRowAwake, maxKeyBytes } from '../base/limits.ts'
import { utf8Length } from '../base/utf8.ts'
import type { Batch } from './batch.ts'
import type { Codec } from './codec.ts'
import { blankState, decodeRow, type EntityTable, Row, Status } from './row.ts'
import { Field, readEntityKey } from './row-key.ts'
import type { RowsInRecords } from './rows-in-records.ts'
import { Shelf } from './shelf.ts'
import { fetched } from './shelf-fetch.ts'
import { none } from './shelf-log.ts'

/**
 * The rows of a commit group that are in memory: all of them as bytes on a shelf, and those that messages are about as objects
 * ("awake"). Says which rows must be read from the store before the batch can go on, lets rows fall asleep that few messages
 * are about, and lets rows go that the store holds and nobody needs (second chance: the hand of the shelf).
 *
 * C1 A row is awake from the moment somebody asks for it until a batch is sealed, at least.
 * C2 Activities and answers stay awake while they are in memory, and keep their entity awake: only it knows them.
 * C3 A row whose latest sealed value is only in commit records, or is being written back, is not let go.
 */
export class RowCache {
  readonly tables: readonly EntityTable[]
  readonly shardCount: number
  readonly shelf: Shelf
  /** Rows that must be read before the batch can go on. */
  missing: Row[] = []
  /** Rows that the batch has touched, in order. */
  readonly touched: Row[] = []
  /** Undefined: nothing was recovered. */
  inRecords: RowsInRecords | undefined = undefined
  readonly #owned: readonly boolean[]
  readonly #limitBytes: number
  /** Up to so many rows nothing is gained by gathering keys. */
  readonly #fewRows: number
  /** So many rows may be awake and hardly used. */
  readonly #awakeLimit: number
  /** By number. */
  readonly #rows: Row[] = []
  /** While there are few rows: those awake, by entity and key. Nothing is to be hashed for them. */
  readonly #busy: readonly Map<string, Row>[]
  /** Those that nobody uses. */
  readonly #free: Row[] = []
  readonly #value = new ByteWriter(1_024)
  /** So many awake, and those that no message was about are looked through. */
  #sweepAt: number

  constructor(tables: readonly EntityTable[], shardCount: number, owned: readonly boolean[], limitBytes: number) {
    this.tables = tables
    this.shardCount = shardCount
    this.shelf = new Shelf(limitBytes)
    this.#busy = tables.map(() => new Map<string, Row>())
    this.#owned = owned
    this.#limitBytes = limitBytes
    this.#fewRows = Math.floor(limitBytes / bytesPerNearRow)
    this.#awakeLimit = Math.floor(limitBytes / bytesPerRowAwake)
    this.#sweepAt = 2 * this.#awakeLimit
  }

  /** Rows in memory. */
  get size(): number {
    return this.shelf.count
  }

  owns(shard: number): boolean {
    return this.#owned[shard] === true
  }

  /** The state row of an entity; undefined when its shard is elsewhere. Throws MR_KEY_INVALID. */
  find(entity: number, key: string): Row | undefined {
    const known = this.busy(entity, key)
    if (known !== undefined) return known
    checkKey(key)
    const hash = hashOf(key)
    return this.owns(shardOfHash(hash, this.shardCount)) ? this.rowOf(entity, key, hash) : undefined
  }

  /** The state row of an entity, if it is awake and there are few. */
  busy(entity: number, key: string): Row | undefined {
    return this.gathers ? undefined : this.#busy[entity]!.get(key)
  }

  /** Whether there are so many rows that keys had better be gathered, to be looked up together. */
  get gathers(): boolean {
    return this.shelf.count > this.#fewRows
  }

  /**
   * Gives messages of the batch that have only a key their rows. Many at a time: what a key leads to is far away in memory, and
   * the ways of several keys can be gone at once. `entities`: those of the routes.
   */
  resolve(batch: Batch, entities: readonly number[]): void {
    const { keyed, keys, hashes, rows, routes, keyedCount } = batch
    for (let from = 0; from < keyedCount; from += fetched) {
      const to = Math.min(from + fetched, keyedCount)
      this.shelf.fetch(hashes, from, to)
      for (let k = from; k < to; k++) {
        const i = keyed[k]!
        rows[i] = this.rowOf(entities[routes[i]!]!, keys[k]!, hashes[k]! >>> 0)
      }
    }
    batch.keyedCount = 0
  }

  /** The state row of an entity that is here. `hash`: of the key, which is good. */
  rowOf(entity: number, key: string, hash: number): Row {
    const table = this.tables[entity]!
    const shard = shardOfHash(hash, this.shardCount)
    let cell = this.shelf.find(hash, table.id, key)
    if (cell === none && this.inRecords !== undefined) cell = this.inRecords.bring(hash, shard, table.id, key)
    const row = cell === none ? this.#meet(table, hash, shard, key) : this.#awake(cell, table, shard, key)
    if (!this.gathers) {
      this.#busy[entity]!.set(row.key, row)
      row.isListed = true
    }
    return row
  }

  shardOf(key: string): number {
    return shardOf(key, this.shardCount)
  }

  exists(row: Row): boolean {
    return this.shelf.exists(row.cell)
  }

  /** Makes the sealed state of a row an object, or a new one. The caller has made sure that the row is not absent. */
  enliven(row: Row, codec: Codec): void {
    if (this.shelf.exists(row.cell)) {
      this.shelf.readValue(row.cell, this.#value)
      row.state = decodeRow(row, this.#value.bytes, 0, this.#value.length, codec)
    } else row.state = blankState(row.table, row.field)
    row.status = Status.live
  }

  /** Removes an activity or an answer, whether it is in memory or only in the store. */
  forgetChild(parent: Row, field: number, element: string, serial: number): void {
    const row = this.child(parent, field, element)
    if (row.status === Status.absent) this.shelf.putUnknown(row.cell)
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
      const { table, shard, key } = parent
      row = this.#lend(this.shelf.add(0, shard, table.id, key, field, element, 0))
      row.become(table, shard, key, field, element)
      row.parent = parent
      map.set(element, row)
    }
    return row
  }

  /** Back to the sealed value; where that is not known, it must be read again. */
  reset(row: Row): void {
    row.gone = false
    row.state = undefined
    row.forgottenIn = 0
    row.status = Status.encoded
    if (!this.shelf.isUnknown(row.cell)) return
    this.shelf.clear(row.cell)
    row.status = Status.absent
    this.missing.push(row)
  }

  touch(row: Row, serial: number): void {
    row.batch = serial
    this.shelf.use(row.cell)
    this.touched.push(row)
  }

  /** The store answered: `value` is what it holds of the row, undefined for nothing. */
  loaded(row: Row, value: Uint8Array | undefined): void {
    if (row.status !== Status.absent) return
    if (value !== undefined) {
      if (row.field === Field.state) row.table.usualBytes = value.length
      this.shelf.put(row.cell, value, 0, value.length)
    }
    row.status = Status.encoded
  }

  /** An activity or an answer as commit records say it is. Returns its cell. */
  restoreChild(table: EntityTable, rowKey: Uint8Array, value: Uint8Array | undefined): number {
    const { key, field, element } = readEntityKey(new ByteReader(rowKey, 1))
    const row = this.child(this.find(table.index, key)!, field, element)
    row.status = Status.encoded
    if (value === undefined) this.shelf.clear(row.cell)
    else this.shelf.put(row.cell, value, 0, value.length)
    return row.cell
  }

  /**
   * What the end of a batch is good for: rows that few messages are about fall asleep, and rows leave until the limit is kept
   * or everything was looked at twice.
   */
  settle(serial: number): void {
    this.#sleep(serial)
    this.#evict()
    this.touched.length = 0
  }

  #meet(table: EntityTable, hash: number, shard: number, key: string): Row {
    const row = this.#lend(this.shelf.add(hash, shard, table.id, key, Field.state, '', table.usualBytes))
    row.become(table, shard, key, Field.state, '')
    this.missing.push(row)
    return row
  }

  #awake(cell: number, table: EntityTable, shard: number, key: string): Row {
    const number = this.shelf.rowOf(cell)
    if (number !== none) return this.#rows[number]!
    const row = this.#lend(cell)
    row.become(table, shard, key, Field.state, '')
    row.status = Status.encoded
    return row
  }

  #lend(cell: number): Row {
    let row = this.#free.pop()
    if (row === undefined) this.#rows.push((row = new Row(this.#rows.length)))
    row.cell = cell
    this.shelf.setRow(cell, row.number)
    return row
  }

  #giveBack(row: Row): void {
    this.shelf.setRow(row.cell, none)
    if (row.isListed) this.#busy[row.table.index]!.delete(row.key) // asked first: to delete, the key is hashed
    row.isListed = false
    row.cell = none
    row.state = undefined
    row.snapshot = undefined
    row.parent = undefined
    this.#free.push(row)
  }

  get #awakeCount(): number {
    return this.#rows.length - this.#free.length
  }

  /** While many are awake: those that one message of the batch was about; now and then also those that none was about. */
  #sleep(serial: number): void {
    if (this.#awakeCount <= this.#awakeLimit) return
    for (const row of this.touched) if (row.busy !== serial) this.#trySleep(row)
    if (this.#awakeCount <= this.#sweepAt) return
    for (const row of this.#rows) if (row.batch !== serial) this.#trySleep(row)
    this.#sweepAt = 2 * this.#awakeCount + this.#awakeLimit
  }

  #trySleep(row: Row): void {
    if (row.cell === none || row.status === Status.absent || row.field !== Field.state || hasChildren(row)) return
    this.#giveBack(row)
  }

  #evict(): void {
    const { shelf } = this
    let looks = Math.min(2 * shelf.count, 65_536)
    while (looks-- > 0) {
      const isFull = shelf.sizeBytes > this.#limitBytes
      if (!isFull && !shelf.sparse) return
      const cell = shelf.nextAtHand()
      if (cell === none) return
      if (!isFull || shelf.isNeeded(cell)) shelf.keep(cell)
      else this.#drop(cell)
    }
  }

  #drop(cell: number): void {
    const number = this.shelf.rowOf(cell)
    const row = number === none ? undefined : this.#rows[number]!
    if (row !== undefined) {
      if (row.status === Status.absent || hasChildren(row)) {
        this.shelf.keep(cell)
        return
      }
      if (row.parent !== undefined) forgetElement(row.parent, row)
      this.#giveBack(row)
    }
    this.shelf.remove(cell)
  }
}

function hasChildren(row: Row): boolean {
  return row.activities !== undefined || row.answers !== undefined
}

function forgetElement(parent: Row, { field, element }: Row): void {
  const map = field === Field.activity ? parent.activities : parent.answers
  map?.delete(element)
  if (parent.activities?.size === 0) parent.activities = undefined
  if (parent.answers?.size === 0) parent.answers = undefined
}

/** What gives a key its shard, and finds it on the shelf. */
export function hashOf(key: string): number {
  return murmur3Text(key, 0)
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
