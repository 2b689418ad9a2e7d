import { ByteReader } from '../../runtime/base/bytes.ts'
import type { Codec } from '../../runtime/shard/codec.ts'
import { decodeRow, type EntityTable, Row } from '../../runtime/shard/row.ts'
import { Field, readEntityKey } from '../../runtime/shard/row-key.ts'

export type Rows = AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>

/** The states of one entity type among rows of all entities, with older shapes turned into today's. */
export async function* readStates(
  rows: Rows,
  table: EntityTable,
  codec: Codec,
): AsyncGenerator<readonly [string, unknown]> {
  const row = new Row(0)
  for await (const [rowKey, value] of rows) {
    const at = readEntityKey(new ByteReader(rowKey, 1))
    if (at.entity !== table.id || at.field !== Field.state) continue
    row.become(table, at.shard, at.key, at.field, at.element)
    yield [at.key, decodeRow(row, value, 0, value.length, codec)]
  }
}
