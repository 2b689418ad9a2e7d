import { ByteReader } from '../base/bytes.ts'
import type { MillraceError } from '../base/errors.ts'
import type { Store } from '../ports/store.ts'
import type { Group } from '../shard/group.ts'
import type { Row } from '../shard/row.ts'
import { activityPrefix, after, readEntityKey } from '../shard/row-key.ts'
import type { Shelf } from '../shard/shelf.ts'

/** Brings what a batch needs from the store into memory. While it is `busy`, the batch neither runs nor is sealed. */
export class Loader {
  readonly #store: Store
  /** Takes news from a port to the next tick. */
  readonly #later: (tell: () => void) => void
  readonly #stop: (error: MillraceError) => void
  #asked = 0

  constructor(store: Store, later: (tell: () => void) => void, stop: (error: MillraceError) => void) {
    this.#store = store
    this.#later = later
    this.#stop = stop
  }

  get busy(): boolean {
    return this.#asked > 0
  }

  /** Reads the rows that the group misses. */
  load(group: Group): void {
    const rows = group.takeMissing()
    if (rows.length === 0) return
    this.#asked += 1
    const keys = keysOf(rows, group.cache.shelf)
    this.#store.read(keys, (error, values) => {
      this.#answer(error, () => rows.forEach((row, i) => group.loaded(row, values![i])))
    })
  }

  /** Lists the activities of entities that were forgotten, so that they go too. */
  listForgotten(group: Group): void {
    for (const row of group.takeForgotten()) {
      const prefix = activityPrefix(row.shard, row.table.id, row.key)
      this.#asked += 1
      this.#store.list(prefix, after(prefix), (error, keys) => {
        this.#answer(error, () => group.listed(row, keys!.map(partnerOf)))
      })
    }
  }

  #answer(error: MillraceError | undefined, tell: () => void): void {
    this.#later(() => {
      if (error !== undefined) {
        this.#stop(error)
        return
      }
      this.#asked -= 1
      tell()
    })
  }
}

/**
 * The keys of rows that have no value yet, in one piece of memory: a small array of its own for each would leave V8's heap when LevelDB asks
 * where it is.
 */
function keysOf(rows: readonly Row[], shelf: Shelf): Uint8Array[] {
  let size = 0
  for (const { cell } of rows) size += shelf.sizeOf(cell)
  const bytes = new Uint8Array(size)
  let at = 0
  return rows.map(({ cell }) => {
    const start = at
    at = shelf.copyTo(cell, bytes, start)
    return new Uint8Array(bytes.buffer, start, at - start)
  })
}

function partnerOf(key: Uint8Array): string {
  return readEntityKey(new ByteReader(key, 1)).element
}
