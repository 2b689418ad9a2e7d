import { mkdir, open, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MillraceError } from '../../base/errors.ts'
import { defaultShardCount, maxShardCount } from '../../base/limits.ts'
import { corrupt } from '../../ports/store-refusals.ts'
import { Space } from '../../shard/row-key.ts'
import { BatchCounter } from './batch-counter.ts'
import { type Database, levelFolder, openDatabase, readAll, readRange } from './database.ts'
import { storeFailure } from './failures.ts'
import { HeldFiles } from './held-files.ts'
import { type HighWater, HighWaterFile, highWaterFile, readHighWater, streamOf } from './high-water.ts'
import { bootId, thisProcess } from './holder.ts'
import { type FolderLock, locked, takeLock } from './lock.ts'
import { dataFormat, type FormatRow, formatKey, readOwnRows, writeFormat } from './own-rows.ts'
import { LevelStore } from './store.ts'
import { checkStream, counterOf } from './streams.ts'
import { WriteBatch } from './write-batch.ts'

/** The stream of the thread that opened the folder. */
const firstStream = 0

export interface LevelStoreOptions {
  /** The folder. It is made when it is not there. */
  readonly path: string
  /** Chosen when the store is created (default 128) and checked ever after. Undefined: whatever the store has. */
  readonly shardCount?: number
  /** Into how many commit groups the shards are divided when the store is created (default 1). */
  readonly groupCount?: number
  /** What `done` of a commit means: on the disk, or safe from `kill -9` only. */
  readonly durability: 'disk' | 'process'
  /** The lock is looked at before a commit, but not more often than this. */
  readonly lockCheckMs?: number
}

/**
 * Opens the store in a folder, or creates it. Inside: `lock` (who uses it), `high-water` and `high-water.N` (which batch of each
 * stream is known to be durable), `level/` (LevelDB's files).
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  const { shardCount } = options
  if (shardCount !== undefined && (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > maxShardCount))
    throw new TypeError(`shardCount is a whole number from 1 to ${maxShardCount}, not ${shardCount}`)
  try {
    await mkdir(options.path, { recursive: true })
    const path = await realpath(options.path)
    return await openOnce(path, options)
  } catch (error) {
    throw storeFailure(error, `open the store in ${options.path}`, true)
  }
}

/**
 * Folders that this thread has open, whatever path they were opened by. A second `open` of LevelDB in one process fails, and
 * yet drops the process's lock on the files; so it must not come to that. (Other threads are stopped by the lock file.)
 */
const openFolders: Set<string> = ((globalThis as { [key: symbol]: unknown })[Symbol.for('millrace.open-stores')] ??=
  new Set()) as Set<string>

async function openOnce(path: string, options: LevelStoreOptions): Promise<LevelStore> {
  const { dev, ino } = await stat(path, { bigint: true })
  const folder = `${dev}:${ino}`
  if (openFolders.has(folder)) throw locked(thisProcess())
  openFolders.add(folder)
  const closed = (): void => void openFolders.delete(folder)
  try {
    return await openLocked(path, options, closed)
  } catch (error) {
    closed()
    throw error
  }
}

async function openLocked(path: string, options: LevelStoreOptions, closed: () => void): Promise<LevelStore> {
  let opening: Promise<Database> | undefined
  const database = (): Promise<Database> => (opening ??= openFiles(path))
  let lock: FolderLock | undefined
  try {
    // Whether a process in another container lives, only the kernel's lock on LevelDB's files can tell.
    lock = await takeLock(path, async (holder) => {
      await database().catch((error: unknown) => {
        throw isLocked(error) ? locked(holder) : error
      })
    })
    return await openVerified(path, options, await database(), lock, closed)
  } catch (error) {
    const opened = await opening?.catch(() => undefined)
    await opened?.close()
    await lock?.release()
    if (isLocked(error)) throw lockedByNobody(path, error)
    throw error
  }
}

async function openFiles(path: string): Promise<Database> {
  const folder = levelFolder(path)
  const files = await readdir(folder).catch(() => [] as string[])
  const exists = files.includes('CURRENT')
  // LevelDB would begin an empty database where it does not find this file.
  if (
    !exists &&
    (readHighWater(join(path, 'high-water')) !== undefined || files.some((name) => /\.(ldb|log)$/.test(name)))
  )
    throw corrupt(`the store in ${path} is not whole: level/CURRENT is gone`)
  try {
    return await openDatabase(folder, !exists)
  } catch (error) {
    const failure = storeFailure(error, `open ${folder}`, true)
    const missing = exists && /no such file/i.test(failure.message)
    throw missing
      ? corrupt(`the store in ${path} is not whole: level/CURRENT, or what it names, is damaged`, { cause: error })
      : error
  }
}

async function openVerified(
  path: string,
  options: LevelStoreOptions,
  database: Database,
  lock: FolderLock,
  closed: () => void,
): Promise<LevelStore> {
  const boot = bootId()
  const own = await readAll(readRange(database, new Uint8Array([Space.store]), new Uint8Array([Space.store + 1])))
  const found = readOwnRows(own)
  let { format } = found
  let counter: BatchCounter
  const highWaters = await readHighWaters(path)
  if (own.length > 0 || highWaters.size > 0) {
    if (format !== undefined && format.version !== dataFormat)
      throw formatUnknown(path, `data format ${format.version}`)
    for (const stream of new Set([firstStream, ...found.batches.keys(), ...highWaters.keys()]))
      checkStream(stream, found.batches.get(stream) ?? [], highWaters.get(stream), boot)
    if (format === undefined) throw corrupt('the row that says the data format is gone')
    counter = counterOf(found.batches.get(firstStream)!, true)
  } else {
    if (!(await isEmpty(database))) throw formatUnknown(path, 'a LevelDB that Millrace did not write')
    format = {
      version: dataFormat,
      shardCount: options.shardCount ?? defaultShardCount,
      groups: options.groupCount ?? 1,
    }
    counter = await create(path, database, format)
  }
  const { shardCount, groups: groupCount } = format
  if (options.shardCount !== undefined && options.shardCount !== shardCount)
    throw shardCountChanged(path, shardCount, options.shardCount)
  const parts = {
    path,
    shardCount,
    groupCount,
    durability: options.durability,
    lockCheckMs: options.lockCheckMs ?? 1_000,
    database,
    lock,
    stream: firstStream,
  }
  const file = new HighWaterFile(highWaterFile(path, firstStream), boot, options.durability, counter.newest)
  const held = new HeldFiles(levelFolder(path))
  const release = async (): Promise<void> => {
    await held.close()
    await lock.release()
    closed()
  }
  return new LevelStore({ ...parts, highWater: file, groups: found.groups, counter, closed: release })
}

/** What every stream of batches is known to have reached. */
async function readHighWaters(path: string): Promise<Map<number, HighWater>> {
  const found = new Map<number, HighWater>()
  for (const name of await readdir(path)) {
    const stream = streamOf(name)
    const highWater = stream === undefined ? undefined : readHighWater(join(path, name))
    if (highWater !== undefined) found.set(stream!, highWater)
  }
  return found
}

/** One batch says what this is. Until it is durable, the folder counts as empty. */
async function create(path: string, database: Database, format: FormatRow): Promise<BatchCounter> {
  const counter = new BatchCounter(1, 0, true)
  const batch = new WriteBatch(database)
  batch.put(formatKey, writeFormat(format))
  batch.close(firstStream, counter.next().number, counter.oldest)
  await batch.write(true)
  // The names of new files are durable when their folders are.
  for (const folder of [levelFolder(path), path, dirname(path)]) await syncFolder(folder)
  return counter
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // folders cannot be opened there
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function isEmpty(database: Database): Promise<boolean> {
  for await (const _ of database.keys({ limit: 1 })) return false
  return true
}

function isLocked(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED'
}

function lockedByNobody(path: string, cause: unknown): MillraceError {
  return new MillraceError(
    'MR_STORE_LOCKED',
    `a process that ${join(path, 'lock')} does not name has the files of LevelDB open`,
    {
      next: 'Find it (`lsof` does) and stop it, or use another folder',
      cause,
    },
  )
}

function formatUnknown(path: string, what: string): MillraceError {
  return new MillraceError(
    'MR_DATA_FORMAT_UNKNOWN',
    `${path} holds ${what}; this version reads data format ${dataFormat}`,
    {
      next: 'Use the version of Millrace that wrote it, or another folder',
    },
  )
}

function shardCountChanged(path: string, found: number, wanted: number): MillraceError {
  return new MillraceError(
    'MR_SHARD_COUNT_CHANGED',
    `${path} was created with ${found} shards, and ${wanted} were asked for`,
    {
      next: `Start with ${found} shards: their number belongs to the data. To change it, drain, export and import into a new folder`,
    },
  )
}
