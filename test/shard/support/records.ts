import { ByteWriter } from '../../../runtime/base/bytes.ts'
import type { RecoveredRows } from '../../../runtime/shard/recovered-rows.ts'
import { Field, writeEntityKey } from '../../../runtime/shard/row-key.ts'

/** The number of the entity type that the rows here are of. */
export const entityId = 7

/** What a record says of a row. No value: that it is gone. */
export type Entry = readonly [key: string, field: number, value: readonly number[] | undefined]

/** Record `number` says this of rows of shard 0. */
export function addRecord(rows: RecoveredRows, number: number, entries: readonly Entry[]): void {
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
