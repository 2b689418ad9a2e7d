import { Space } from '../../shard/row-key.ts'
import { type Database, levelFolder, openDatabase, readAll, readRange } from './database.ts'
import { storeFailure } from './failures.ts'
import { HighWaterFile, highWaterFile, readHighWater } from './high-water.ts'
import { bootId } from './holder.ts'
import { heldLock } from './lock.ts'
import { readOwnRows } from './own-rows.ts'
import { LevelStore, type SharedStore } from './store.ts'
import { checkStream, counterOf } from './streams.ts'

/**
 * Opens a store that another thread of this process has open, to write a stream of batches of its own. What that thread has
 * checked when it opened the folder is not checked again; it must be the last to close.
 *
 * At most one of the process may write a stream, and open a commit group: whoever starts threads sees to it that a former one
 * is gone. Throws MR_STORE_CORRUPT and MR_STORE_FAILED.
 */
export async function attachLevelStore(shared: SharedStore, stream: number): Promise<LevelStore> {
  const { path, durability } = shared
  let database: Database | undefined
  try {
    database = await openDatabase(levelFolder(path), false)
    const own = await readAll(readRange(database, new Uint8Array([Space.store]), new Uint8Array([Space.store + 1])))
    const { groups, batches } = readOwnRows(own)
    const rows = batches.get(stream) ?? []
    const boot = bootId()
    const file = highWaterFile(path, stream)
    checkStream(stream, rows, readHighWater(file), boot)
    const counter = counterOf(rows, false)
    return new LevelStore({
      ...shared,
      database,
      lock: heldLock(path, shared.lock),
      stream,
      highWater: new HighWaterFile(file, boot, durability, counter.newest),
      groups,
      counter,
      closed: () => Promise.resolve(),
    })
  } catch (error) {
    await database?.close()
    throw storeFailure(error, `open the store in ${path} once more`, true)
  }
}
