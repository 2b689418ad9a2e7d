import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'

export type Database = Level<Uint8Array, Uint8Array>

/** Measured in docs/decisions/0003-level.md. */
export const writeBufferBytes: number = 8 << 20

/** What an iterator holds in memory: large enough that reading a commit log does not go to another thread for every record. */
const scanChunkBytes = 1 << 20

/** Where in the folder of a store LevelDB's files are. */
export function levelFolder(path: string): string {
  return join(path, 'level')
}

/**
 * Every thread of this process that opens a folder gets the same database (`multithreading`). LevelDB's cache belongs to the
 * first of them: it must be the last to close.
 */
export async function openDatabase(folder: string, createIfMissing: boolean): Promise<Database> {
  const database = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing,
    writeBufferSize: writeBufferBytes,
    compression: false,
    multithreading: true,
  })
  await database.open()
  return database
}

export type Row = readonly [key: Uint8Array, value: Uint8Array]

export interface RowReader {
  /** The next rows, in key order; none at the end. */
  next(): Promise<readonly Row[]>
  close(): Promise<void>
}

/** Reads `from <= key < to` as of this moment. */
export function readRange(database: Database, from: Uint8Array, to: Uint8Array): RowReader {
  const iterator = database.iterator({ gte: from, lt: to, highWaterMarkBytes: scanChunkBytes })
  return { next: () => iterator.nextv(4_096), close: () => iterator.close() }
}

export async function readAll(reader: RowReader): Promise<Row[]> {
  const rows: Row[] = []
  try {
    for (let more = await reader.next(); more.length > 0; more = await reader.next()) rows.push(...more)
  } finally {
    await reader.close()
  }
  return rows
}

/** The keys with `from <= key < to` as of this moment. */
export async function readKeys(database: Database, from: Uint8Array, to: Uint8Array): Promise<Uint8Array[]> {
  return await database.keys({ gte: from, lt: to, highWaterMarkBytes: scanChunkBytes }).all()
}

/** So many keys at least for each thread that reads. */
const keysPerReader = 128
/** Of the four threads of Node.js's pool one is left to whoever writes. */
const mostReaders = Math.min(3, availableParallelism())

/** The values of keys, as of one moment. Where there are many, several threads of the pool read at once. */
export async function getMany(
  database: Database,
  keys: readonly Uint8Array[],
): Promise<readonly (Uint8Array | undefined)[]> {
  const readers = Math.min(mostReaders, Math.floor(keys.length / keysPerReader))
  if (readers < 2) return await database.getMany([...keys])
  const snapshot = database.snapshot()
  try {
    const size = Math.ceil(keys.length / readers)
    const parts = Array.from({ length: readers }, (_, i) =>
      database.getMany(keys.slice(i * size, (i + 1) * size), { snapshot }),
    )
    return (await Promise.all(parts)).flat()
  } finally {
    await snapshot.close()
  }
}
