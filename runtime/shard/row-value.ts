import type { Codec } from './codec.ts'
import type { Row } from './row.ts'
import { Field } from './row-key.ts'

/** A new entity that was only looked at is as good as none. */
export function isBlank(row: Row, out: Uint8Array, end: number, sizeBytes: number, codec: Codec): boolean {
  const { table } = row
  if (row.field !== Field.state || table.plan.ttlMs !== undefined) return false
  table.blank ??= codec.encode(table.plan.create()).slice()
  if (table.blank.length !== sizeBytes) return false
  for (let i = 0, at = end - sizeBytes; i < sizeBytes; i++, at++) if (table.blank[i] !== out[at]) return false
  return true
}
