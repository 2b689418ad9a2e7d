import { expect, test } from 'vitest'
import { Field } from '../../runtime/shard/row-key.ts'
import { Shelf } from '../../runtime/shard/shelf.ts'
import { WriteBack } from '../../runtime/shard/write-back.ts'

const key = new Uint8Array([0x18, 0, 1, 9])
const letter = new Uint8Array([1, 2, 3])

test('a row that is new and never changes is written back in its turn', () => {
  const writeBack = new WriteBack(new Shelf(1_000_000), 100)
  writeBack.addRecord(1, 60)
  writeBack.add(key, letter, 1)
  expect(writeBack.take(false).rows).toEqual([])
  expect(writeBack.lowestNeeded).toBe(1)
  writeBack.addRecord(2, 60)
  expect(writeBack.take(false).rows).toEqual([[key, letter]])
  expect(writeBack.lowestNeeded).toBe(Number.POSITIVE_INFINITY)
})

test('removed before it was written back, it is written and then removed, and its removal keeps its record', () => {
  const writeBack = new WriteBack(new Shelf(1_000_000), 100)
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
