import { expect, test } from 'vitest'
import { ByteWriter } from '../../runtime/base/bytes.ts'
import { RecoveredRows } from '../../runtime/shard/recovered-rows.ts'
import { Field, writeEntityKey } from '../../runtime/shard/row-key.ts'

const entityId = 7

/** Two records: the first has the states of a, b and c and an activity of b, the second a again, and that c is gone. */
function twoRecords(): RecoveredRows {
  const rows = new RecoveredRows()
  record(rows, 1, [
    ['a', Field.state, [1]],
    ['b', Field.state, [2]],
    ['b', Field.activity, [3]],
    ['c', Field.state, [4]],
  ])
  record(rows, 2, [
    ['d', Field.state, [6]],
    ['a', Field.state, [5]],
    ['c', Field.state, undefined],
  ])
  return rows
}

function record(
  rows: RecoveredRows,
  number: number,
  entries: readonly (readonly [key: string, field: number, value: number[] | undefined])[],
): void {
  const out = new ByteWriter()
  const places = entries.map(([key, field, value]) => {
    const keyStart = out.length
    writeEntityKey(out, 0, entityId, key, field, field === Field.activity ? 'partner' : '')
    const keyEnd = out.length
    out.raw(Uint8Array.from(value ?? []))
    return [keyStart, keyEnd, value === undefined ? -1 : keyEnd, value === undefined ? -1 : out.length] as const
  })
  rows.begin(number, out.bytes)
  for (const place of places) rows.put(...place)
}

test('the newest value of each row counts, in the order of the first record that changed it', () => {
  const rows = twoRecords()
  expect([...rows].map(([, value]) => value && [...value])).toEqual([[5], [2], [3], undefined, [6]])
  const firstDirty: number[] = []
  rows.forEach((row) => firstDirty.push(row.firstDirty))
  expect(firstDirty).toEqual([1, 1, 1, 1, 2])
})

test('many rows are found again', () => {
  const rows = new RecoveredRows()
  for (let number = 1; number <= 20; number++) {
    const keys = Array.from({ length: 1_000 }, (_, i) => `key ${number * 500 + i}`)
    record(
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
