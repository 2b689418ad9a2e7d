import type { Codec } from './codec.ts'
import type { Row } from './row.ts'
import { Field } from './row-key.ts'

/** A new entity that was only looked at is as good as none. `bytes[start, end)`: the state of the row, encoded. */
export function isBlank(row: Row, bytes: Uint8Array, start: number, end: number, codec: Codec): boolean {
  const { table } = row
  if (row.field !== Field.state || table.plan.ttlMs !== undefined) return false
  const blank = (table.blank ??= codec.encode(table.plan.create()).slice())
  if (blank.length !== end - start) return false
  for (let i = 0; i < blank.length; i++) if (blank[i] !== bytes[start + i]) return false
  return true
}
