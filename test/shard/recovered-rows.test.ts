import { expect, test } from 'vitest'
import { ByteWriter } from '../../runtime/base/bytes.ts'
import { RecoveredRows } from '../../runtime/shard/recovered-rows.ts'
import { RowCache } from '../../runtime/shard/row-cache.ts'
import { EntityTable, type Row, Status } from '../../runtime/shard/row.ts'
import { Field, writeEntityKey } from '../../runtime/shard/row-key.ts'
import type { EntityPlan } from '../../runtime/shard/plan.ts'
import { WriteBack } from '../../runtime/shard/write-back.ts'

const entityId = 7

/** A group that has read two records: the first has the states of a, b and c and an activity of b, the second a again, and that c is gone. */
function opened(): { readonly rows: RecoveredRows; readonly cache: RowCache; readonly writeBack: WriteBack } {
  const rows = new RecoveredRows()
  record(rows, 1, [
    ['a', Field.state, [1]],
    ['b', Field.state, [2]],
    ['b', Field.activity, [3]],
    ['c', Field.state, [4]],
  ])
  record(rows, 2, [
    ['a', Field.state, [5]],
    ['c', Field.state, undefined],
  ])
  const table = new EntityTable(0, { name: 'gauge' } as EntityPlan, entityId)
  const cache = new RowCache([table], 1, [true], 1_000_000)
  const writeBack = new WriteBack(100)
  cache.recall = (row) => rows.claim(row, cache)
  for (const number of [1, 2]) writeBack.addRecord(number, 60)
  return { rows, cache, writeBack }
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

function sealed(row: Row): number[] | undefined {
  const value = row.sealedValue()
  return value && [...value]
}

test('the newest value of each row counts, in the order of the first record that changed it', () => {
  expect([...opened().rows].map(([, value]) => value && [...value])).toEqual([[5], [2], [3], undefined])
})

test('a state is in memory when it is asked for, without reading the store; what the records do not have is missing', () => {
  const { rows, cache } = opened()
  rows.handOver(() => {})
  const a = cache.find(0, 'a')!
  expect([a.status, a.exists, a.firstDirty, sealed(a)]).toEqual([Status.encoded, true, 1, [5]])
  const c = cache.find(0, 'c')!
  expect([c.status, c.exists]).toEqual([Status.encoded, false])
  expect(cache.missing).toEqual([])
  const d = cache.find(0, 'd')!
  expect(d.status).toBe(Status.absent)
  expect(cache.missing).toEqual([d])
})

test('what is no state is handed over, and nobody else writes it back', () => {
  const { rows, writeBack } = opened()
  const others: unknown[] = []
  rows.handOver((_key, value, firstDirty) => others.push([[...value!], firstDirty]))
  expect(others).toEqual([[[3], 1]])
  writeBack.restore(rows)
  const { rows: written, entities } = writeBack.take(3, true)
  expect(written.map(([, value]) => value && [...value])).toEqual([[5], [2], undefined])
  expect(entities).toEqual([])
})

test('a state that was asked for is written back as it is by then, and stays until that is durable', () => {
  const { rows, cache, writeBack } = opened()
  rows.handOver(() => {})
  writeBack.restore(rows)
  const a = cache.find(0, 'a')!
  a.setBase(Uint8Array.of(9), 0, 1)
  writeBack.dirty(a, 3)
  expect(writeBack.lowestNeeded).toBe(1)
  const { rows: written, entities } = writeBack.take(3, true)
  expect(written.map(([, value]) => value && [...value])).toEqual([[9], [2], undefined])
  expect(entities).toEqual([a])
  expect([a.firstDirty, a.writingBack]).toEqual([0, 3])
  expect(writeBack.lowestNeeded).toBe(Number.POSITIVE_INFINITY)
})

test('until the commit that writes a state back is durable, the store has an older one', () => {
  const { rows, cache, writeBack } = opened()
  rows.handOver(() => {})
  writeBack.restore(rows)
  const { entities } = writeBack.take(3, true)
  const b = cache.find(0, 'b')!
  expect([b.status, sealed(b), b.firstDirty, b.writingBack]).toEqual([Status.encoded, [2], 0, 3])
  expect(entities).toEqual([b])
  writeBack.durable(3)
  expect(cache.find(0, 'a')!.status).toBe(Status.absent)
})

test('a state that was let go after it was written back is read from the store', () => {
  const { rows, cache, writeBack } = opened()
  rows.handOver(() => {})
  writeBack.restore(rows)
  const table = cache.tables[0]!
  cache.find(0, 'a')
  writeBack.take(3, true)
  table.rows.delete('a')
  expect(cache.find(0, 'a')!.status).toBe(Status.absent)
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
