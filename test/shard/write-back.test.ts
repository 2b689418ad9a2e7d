import { expect, test } from 'vitest'
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
