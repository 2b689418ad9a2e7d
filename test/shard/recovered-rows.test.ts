import { expect, test } from 'vitest'
import { ByteWriter } from '../../runtime/base/bytes.ts'
import { RecoveredRows } from '../../runtime/shard/recovered-rows.ts'
import { Field, writeEntityKey } from '../../runtime/shard/row-key.ts'
import { addRecord, entityId } from './support/records.ts'

/** Two records: the first has the states of a, b and c and an activity of b, the second a again, and that c is gone. */
function twoRecords(): RecoveredRows {
  const rows = new RecoveredRows()
  addRecord(rows, 1, [
    ['a', Field.state, [1]],
    ['b', Field.state, [2]],
    ['b', Field.activity, [3]],
    ['c', Field.state, [4]],
  ])
  addRecord(rows, 2, [
    ['d', Field.state, [6]],
    ['a', Field.state, [5]],
    ['c', Field.state, undefined],
  ])
  return rows
}

test('the newest value of each row counts, in the order of the first record that changed it', () => {
  const rows = twoRecords()
  expect([...rows].map(([, value]) => value && [...value])).toEqual([[5], [2], [3], undefined, [6]])
  expect(Array.from({ length: rows.count }, (_, i) => rows.read(i).firstDirty)).toEqual([1, 1, 1, 1, 2])
})

test('many rows are found again', () => {
  const rows = new RecoveredRows()
  for (let number = 1; number <= 20; number++) {
    const keys = Array.from({ length: 1_000 }, (_, i) => `key ${number * 500 + i}`)
    addRecord(
      rows,
      number,
      keys.map((key) => [key, Field.state, [number]] as const),
    )
  }
  expect([...rows]).toHaveLength(10_500)
  const out = new ByteWriter()
  for (const [key, newest] of [
    ['key 500', 1],
    ['key 5321', 10],
    ['key 10999', 20],
  ] as const) {
    out.clear()
    writeEntityKey(out, 0, entityId, key, Field.state, '')
    expect([...rows.get(out.copy())!.value!]).toEqual([newest])
  }
  out.clear()
  writeEntityKey(out, 0, entityId, 'key 499', Field.state, '')
  expect(rows.get(out.copy())).toBeUndefined()
})
