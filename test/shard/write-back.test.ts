import { expect, test } from 'vitest'
import { ByteReader } from '../../runtime/base/bytes.ts'
import { murmur3Text } from '../../runtime/base/hash.ts'
import { Field, readEntityKey } from '../../runtime/shard/row-key.ts'
import { Shelf } from '../../runtime/shard/shelf.ts'
import { WriteBack } from '../../runtime/shard/write-back.ts'

const key = new Uint8Array([0x18, 0, 1, 9])
const letter = new Uint8Array([1, 2, 3])

test('a row that is new and never changes is written back in its turn', () => {
  const writeBack = new WriteBack(new Shelf(1_000_000), 800)
  writeBack.addRecord(1, 60)
  writeBack.add(key, letter, 1)
  expect(writeBack.take(false).rows).toEqual([])
  expect(writeBack.lowestNeeded).toBe(1)
  writeBack.addRecord(2, 60)
  expect(writeBack.take(false).rows).toEqual([[key, letter]])
  expect(writeBack.lowestNeeded).toBe(Number.POSITIVE_INFINITY)
})

test('removed before it was written back, it is written and then removed, and its removal keeps its record', () => {
  const writeBack = new WriteBack(new Shelf(1_000_000), 800)
  writeBack.addRecord(1, 60)
  writeBack.add(key, letter, 1)
  writeBack.addRecord(2, 60)
  writeBack.put(key.slice(), undefined, 2)
  expect(writeBack.take(false).rows).toEqual([[key, letter]])
  expect(writeBack.lowestNeeded).toBe(2)
  expect(writeBack.take(true).rows).toEqual([[key, undefined]])
})

const firsts = [1, 2 ** 24 - 3, 2 ** 31 - 3, 2 ** 40]

test.each(firsts)(
  'the row of an entity is written back when the record goes that changed it last, from record %i on',
  (first) => {
    const shelf = new Shelf(1_000_000)
    const writeBack = new WriteBack(shelf, 100)
    const change = (cell: number, value: number, number: number): void => {
      shelf.put(cell, Uint8Array.of(value), 0, 1)
      writeBack.dirty(cell, number)
    }
    const [hot, cold] = ['hot', 'cold'].map((name) => shelf.add(name.length, 0, 1, name, Field.state, '', 8)) as [
      number,
      number,
    ]
    for (let number = first; number < first + 6; number++) {
      change(hot, number - first, number)
      if (number === first) change(cold, 99, number)
      writeBack.addRecord(number, 60)
      const { rows, cells } = writeBack.take(false)
      expect(rows.map(([, value]) => value)).toEqual(number === first + 1 ? [Uint8Array.of(99)] : [])
      expect(writeBack.lowestNeeded).toBe(number)
      writeBack.written(cells)
      writeBack.dropped(writeBack.lowestNeeded)
    }
    expect(writeBack.take(true).rows.map(([, value]) => value)).toEqual([Uint8Array.of(5)])
    expect(shelf.isNeeded(hot)).toBe(true) // it is being written
  },
)

/** A group of which only the rows matter: every commit has a record of 10 bytes, and changes these. */
class Commits {
  readonly #shelf = new Shelf(1_000_000)
  readonly writeBack: WriteBack
  readonly #cells = new Map<string, number>()
  /** The rows of the store, and what they would be if every commit wrote all. */
  readonly stored = new Map<string, number>()
  readonly truth = new Map<string, number>()
  number = 0

  constructor(windowBytes: number) {
    this.writeBack = new WriteBack(this.#shelf, windowBytes)
  }

  /** How many rows were written back with the commit. */
  commit(keys: readonly string[], flushing = false): number {
    this.number += 1
    for (const key of keys) {
      const cell = this.#cells.get(key) ?? this.#shelf.add(murmur3Text(key, 0), 0, 1, key, Field.state, '', 8)
      this.#cells.set(key, cell)
      this.#shelf.put(cell, Uint8Array.of(this.number % 256), 0, 1)
      this.truth.set(key, this.number % 256)
      this.writeBack.dirty(cell, this.number)
    }
    this.writeBack.addRecord(this.number, 10)
    const { rows, cells } = this.writeBack.take(flushing)
    for (const [key, value] of rows) this.stored.set(readEntityKey(new ByteReader(key, 1)).key, value![0]!)
    this.writeBack.written(cells)
    this.writeBack.dropped(Math.min(this.number, this.writeBack.lowestNeeded))
    return rows.length
  }

  /** Records that would be read at open. */
  get kept(): number {
    return this.number - Math.min(this.number, this.writeBack.lowestNeeded) + 1
  }
}

const names = (count: number, first = 0): string[] => Array.from({ length: count }, (_, i) => `row-${first + i}`)

test('records of rows that are changed again soon do not fill the window', () => {
  const commits = new Commits(1_600)
  let written = 0
  for (let i = 0; i < 1_000; i++) {
    written += commits.commit(names(20, (i % 10) * 20))
    expect(commits.kept).toBeLessThanOrEqual(1_600 / 8 / 10 + 1)
  }
  expect(written).toBe(0)
})

test('records of rows that may be changed again stay until the window is full', () => {
  const commits = new Commits(1_600)
  let most = 0
  let written = 0
  // Each row is changed again 100 commits later, but for every third, which never is.
  for (let i = 0; i < 1_000; i++) {
    written += commits.commit([...names(20, (i % 100) * 20), ...names(10, 10_000 + i * 10)])
    most = Math.max(most, commits.kept)
  }
  expect(most).toBe(160)
  expect(written).toBe((1_000 - 160) * 10)
})

test('where rows are not changed again, most of the time only a part of the window is used', () => {
  const commits = new Commits(1_600)
  const kept: number[] = []
  let mostRows = 0
  for (let i = 0; i < 10_000; i++) {
    mostRows = Math.max(mostRows, commits.commit(names(10, i * 10)))
    kept.push(commits.kept)
  }
  expect(Math.max(...kept)).toBe(160)
  expect(kept.filter((records) => records <= 1_600 / 3 / 10 + 1).length).toBeGreaterThan(0.9 * kept.length)
  // It is tried again and again, and no commit pays for that.
  expect(kept.filter((records) => records === 160).length).toBeGreaterThanOrEqual(3)
  expect(mostRows).toBeLessThanOrEqual(10 * (1_600 / 32 / 10 + 1))
})

test('a flush takes some with every commit, ends although every commit changes more, and leaves the rows as of the last', () => {
  const commits = new Commits(6_400)
  for (let i = 0; i < 500; i++) expect(commits.commit(names(10, i * 10))).toBe(0)
  const steps: number[] = []
  do {
    // Some are new, and some were written back by this very flush.
    steps.push(commits.commit([...names(5, 5_000 + steps.length * 5), ...names(5, steps.length)], true))
    expect(steps.length).toBeLessThan(100)
  } while (commits.writeBack.lowestNeeded !== Number.POSITIVE_INFINITY)
  expect(steps.length).toBeGreaterThan(10)
  expect(Math.max(...steps)).toBeLessThanOrEqual(2 * 10 * (6_400 / 32 / 10) + 10)
  expect(commits.stored).toEqual(commits.truth)
})
