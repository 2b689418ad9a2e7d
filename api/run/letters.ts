import { ByteReader } from '../../runtime/base/bytes.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import { type DeadLetterData, decodeDeadLetter } from '../../runtime/shard/dead-letter.ts'
import { recover } from '../../runtime/shard/recover.ts'
import { Space } from '../../runtime/shard/row-key.ts'
import { latin1 } from '../../runtime/shard/latin1.ts'
import type { Rows } from './states.ts'
import { openGroup } from './store-calls.ts'
import { ownerOf } from './worker-options.ts'

/** A dead letter as the store keeps it. */
export interface StoredLetter {
  /** What people call it by: it stays the same until the letter is tried again. */
  readonly id: string
  readonly rowKey: Uint8Array
  readonly bytes: Uint8Array
  readonly letter: DeadLetterData
}

export const letterSpace: readonly [from: Uint8Array, to: Uint8Array] = [
  new Uint8Array([Space.deadLetter]),
  new Uint8Array([Space.deadLetter + 1]),
]

/** From rows that are all there is: those of a store that nobody has written to since a flush. */
export async function lettersOf(rows: Rows): Promise<StoredLetter[]> {
  const letters: StoredLetter[] = []
  const codec = createCodec()
  for await (const [rowKey, bytes] of rows) {
    const reader = new ByteReader(rowKey, 1)
    const id = `${reader.u16()}-${reader.f64()}`
    letters.push({ id, rowKey, bytes, letter: decodeDeadLetter(bytes, codec) })
  }
  return letters.sort((a, b) => a.letter.atMs - b.letter.atMs)
}

/** Of a store that no worker runs on: the newest letters may be in its commit records only. */
export async function storedLetters(store: LevelStore): Promise<StoredLetter[]> {
  const rows = new Map<string, readonly [key: Uint8Array, value: Uint8Array | undefined]>()
  const owner = ownerOf(store.groupCount)
  for (let group = 0; group < store.groupCount; group++) {
    const recovered = recover(group, await openGroup(store, group), (shard) => owner(shard) === group)
    for (const row of recovered.rows) rows.set(latin1(row[0]), row)
  }
  return await lettersOf(merged())

  async function* merged(): Rows {
    for await (const [key, value] of store.scan(...letterSpace)) if (!rows.has(latin1(key))) yield [key, value]
    for (const [key, value] of rows.values()) if (key[0] === Space.deadLetter && value !== undefined) yield [key, value]
  }
}
