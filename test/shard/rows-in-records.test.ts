import { fc, test } from '@fast-check/vitest'
import { expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'
import { murmur3Text } from '../../runtime/base/hash.ts'
import { RecoveredRows } from '../../runtime/shard/recovered-rows.ts'
import { Field, readEntityKey } from '../../runtime/shard/row-key.ts'
import { RowsInRecords } from '../../runtime/shard/rows-in-records.ts'
import { Shelf } from '../../runtime/shard/shelf.ts'
import { none } from '../../runtime/shard/shelf-log.ts'
import { type RowWrite, WriteBack } from '../../runtime/shard/write-back.ts'
import { addRecord, entityId } from './support/records.ts'

const keys = ['a', 'b', 'c', 'd', 'e']
const keySchema = fc.constantFrom(...keys)
/** What a record changes. No value: the state is gone. */
const changes = fc.array(fc.tuple(keySchema, fc.option(fc.nat(255), { nil: undefined })), { maxLength: 4 })

type Values = Map<string, number | undefined>

/** A group as far as its states go: its store, the records that are left, and what it was opened with. */
class Opened {
  /** The newest values: what anybody must be told. */
  readonly truth: Values
  readonly #stored: Values = new Map()
  readonly #records: { readonly number: number; readonly changes: Values }[] = []
  readonly #shelf = new Shelf(1 << 20)
  readonly #writeBack: WriteBack
  readonly #inRecords: RowsInRecords
  #number = 0
  #flying: readonly number[] = []
  /** Whose rows the last commit wrote back. */
  written: readonly string[] = []

  /** After a kill: these rows in the store, these records; it keeps about `windowRecords`. */
  constructor(stored: Values, records: readonly Values[], windowRecords: number) {
    this.#writeBack = new WriteBack(this.#shelf, windowRecords)
    for (const [key, value] of stored) this.#stored.set(key, value)
    this.truth = new Map(stored)
    const rows = new RecoveredRows()
    for (const values of records) {
      this.#count(values)
      addRecord(
        rows,
        this.#number,
        [...values].map(([key, value]) => [key, Field.state, value === undefined ? undefined : [value]]),
      )
    }
    const states = Array.from({ length: rows.count }, (_, i) => i)
    this.#inRecords = this.#writeBack.inRecords = new RowsInRecords(this.#shelf, rows, states)
  }

  /** What a handler is given. */
  ask(key: string): number | undefined {
    const cell = this.#cell(key)
    this.#shelf.use(cell)
    return this.#valueOf(cell)
  }

  commit(values: Values): void {
    this.#count(values)
    for (const [key, value] of values) {
      const cell = this.#cell(key)
      if (value === undefined) this.#shelf.clear(cell)
      else this.#shelf.put(cell, Uint8Array.of(value), 0, 1)
      this.#writeBack.dirty(cell, this.#number)
    }
    this.take(false)
  }

  /** As at the end of a drain. */
  flush(): void {
    do this.take(true)
    while (this.#writeBack.lowestNeeded !== Number.POSITIVE_INFINITY)
    this.#writeBack.written(this.#flying)
  }

  /** Rows are written back, and records dropped. */
  take(flushing: boolean): void {
    this.#writeBack.written(this.#flying)
    const { rows, cells } = this.#writeBack.take(flushing)
    this.#flying = cells
    this.written = rows.map((row) => keyOf(row))
    for (const row of rows) this.#stored.set(keyOf(row), row[1]?.[0])
    const lowest = Math.min(this.#number, this.#writeBack.lowestNeeded)
    this.#writeBack.dropped(lowest)
    while (this.#records.length > 0 && this.#records[0]!.number < lowest) this.#records.shift()
  }

  /** Rows leave that nobody needs, though they were used. */
  evict(): void {
    for (let looks = 3 * this.#shelf.count; looks > 0; looks--) {
      const cell = this.#shelf.nextAtHand()
      if (cell === none) return
      if (this.#shelf.isNeeded(cell)) this.#shelf.keep(cell)
      else this.#shelf.remove(cell)
    }
  }

  /** What it would be opened with after a kill at this moment (B2). */
  get afterKill(): Values {
    const values = new Map(this.#stored)
    for (const record of this.#records) for (const [key, value] of record.changes) values.set(key, value)
    return values
  }

  get records(): number {
    return this.#records.length
  }

  get inMemory(): number {
    return this.#shelf.count
  }

  #count(values: Values): void {
    this.#number += 1
    this.#records.push({ number: this.#number, changes: values })
    this.#writeBack.addRecord(this.#number, 1)
    for (const [key, value] of values) this.truth.set(key, value)
  }

  #cell(key: string): number {
    const hash = murmur3Text(key, 0)
    let cell = this.#shelf.find(hash, entityId, key)
    if (cell === none) cell = this.#inRecords.bring(hash, 0, entityId, key)
    if (cell !== none) return cell
    cell = this.#shelf.add(hash, 0, entityId, key, Field.state, '', 8)
    const stored = this.#stored.get(key)
    if (stored !== undefined) this.#shelf.put(cell, Uint8Array.of(stored), 0, 1)
    return cell
  }

  #valueOf(cell: number): number | undefined {
    if (!this.#shelf.exists(cell)) return undefined
    const out = new ByteWriter(16)
    this.#shelf.readValue(cell, out)
    return out.bytes[0]
  }
}

const keyOf = ([rowKey]: RowWrite): string => readEntityKey(new ByteReader(rowKey, 1)).key

const expectSame = (found: Values, expected: Values): void => {
  for (const key of keys) expect(found.get(key), key).toBe(expected.get(key))
}

test.prop([
  changes,
  fc.array(changes, { maxLength: 10 }),
  fc.array(
    fc.oneof(fc.record({ ask: keySchema }), fc.record({ commit: changes }), fc.constantFrom('evict', 'flush' as const)),
    { maxLength: 30 },
  ),
])(
  'whatever is asked, changed, written back and let go, every state is the newest, and would be after a kill',
  (stored, records, steps) => {
    const opened = new Opened(
      new Map(stored),
      records.map((values) => new Map(values)),
      5,
    )
    expectSame(opened.afterKill, opened.truth)
    for (const step of steps) {
      if (step === 'evict') opened.evict()
      else if (step === 'flush') opened.take(true)
      else if ('ask' in step) expect(opened.ask(step.ask)).toBe(opened.truth.get(step.ask))
      else opened.commit(new Map(step.commit))
      expectSame(opened.afterKill, opened.truth)
    }
    for (const key of keys) expect(opened.ask(key)).toBe(opened.truth.get(key))
    // And nothing stays on the shelf for ever.
    opened.flush()
    opened.evict()
    expect(opened.inMemory).toBe(0)
  },
)

it('only what is asked for comes onto the shelf, and the rest when its record is to be dropped', () => {
  const first = Object.entries({ a: 1, b: 2 })
  const second = Object.entries({ c: 3, a: 4 })
  const opened = new Opened(new Map(), [new Map(first), new Map(second)], 2)
  expect(opened.inMemory).toBe(0)
  expect(opened.ask('a')).toBe(4)
  expect(opened.inMemory).toBe(1)
  opened.commit(new Map([['a', 5]]))
  expect(opened.written).toEqual(['b']) // of the first record: a newer one has a
  expect(opened.inMemory).toBe(2)
  expect(opened.records).toBe(2)
  opened.take(true)
  expect(opened.written.toSorted()).toEqual(['a', 'c'])
  expect(opened.inMemory).toBe(3)
  expect(opened.records).toBe(1)
})
