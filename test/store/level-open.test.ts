import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../runtime/base/errors.ts'
import { BatchCounter } from '../../runtime/node/level/batch-counter.ts'
import { openDatabase, writeBufferBytes } from '../../runtime/node/level/database.ts'
import { storeFailure } from '../../runtime/node/level/failures.ts'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import { formatKey, writeFormat } from '../../runtime/node/level/own-rows.ts'
import { seal } from '../../runtime/node/level/checksum.ts'
import {
  codeOf,
  commit,
  commitOf,
  key,
  list,
  openGroup,
  range,
  read,
  scan,
} from '../../runtime/ports/contracts/store-calls.ts'
import { inFolder, withStore } from './level-fixture.ts'

const durability = 'process' as const

describe('the format', () => {
  test('the shard count is chosen once', async () => {
    await inFolder(async (path) => {
      await withStore(path, async (store) => expect(store.shardCount).toBe(16), { shardCount: 16 })
      await withStore(path, async (store) => expect(store.shardCount).toBe(16))
      await expect(openLevelStore({ path, durability, shardCount: 128 })).rejects.toMatchObject({
        code: 'MR_SHARD_COUNT_CHANGED',
        message: expect.stringContaining(
          'created with 16 shards, and 128 were asked for. Start with 16 shards',
        ) as string,
      })
      await withStore(path, async (store) => expect(store.shardCount).toBe(16), { shardCount: 16 })
    })
  })

  test.each([0, 1.5, 5_000, Number.NaN])('a shard count of %s is a mistake', async (shardCount) => {
    await expect(openLevelStore({ path: 'never-made', durability, shardCount })).rejects.toBeInstanceOf(TypeError)
  })

  test('data of another version is not touched', async () => {
    await inFolder(async (path) => {
      await withStore(path, async () => undefined)
      const database = await openDatabase(join(path, 'level'), false)
      const newer = writeFormat({ version: 3, shardCount: 128, groups: 1 })
      await database.put(formatKey, seal(formatKey, newer).slice())
      await database.close()
      await expect(openLevelStore({ path, durability })).rejects.toMatchObject({
        code: 'MR_DATA_FORMAT_UNKNOWN',
        message: expect.stringContaining('holds data format 3; this version reads data format 2') as string,
      })
    })
  })

  test('a LevelDB of somebody else is not touched', async () => {
    await inFolder(async (path) => {
      const database = await openDatabase(join(path, 'level'), true)
      await database.put(key(1), key(1))
      await database.close()
      await expect(openLevelStore({ path, durability })).rejects.toMatchObject({ code: 'MR_DATA_FORMAT_UNKNOWN' })
    })
  })

  test('a creation that was cut short is begun again', async () => {
    await inFolder(async (path) => {
      await (await openDatabase(join(path, 'level'), true)).close() // no batch, and no line that says there was one
      await withStore(path, async (store) => expect((await openGroup(store, 1)).records).toEqual([]))
    })
  })

  test('what is there is a lock, a line and LevelDB', async () => {
    await inFolder(async (path) => {
      await withStore(path, async () => expect((await readdir(path)).sort()).toEqual(['high-water', 'level', 'lock']))
      expect((await readdir(path)).sort()).toEqual(['high-water', 'level'])
      expect(await readFile(join(path, 'high-water'), 'utf8')).toMatch(
        /^millrace-high-water \S+ process \d{16} [0-9a-f]{8}\n$/,
      )
    })
  })

  test('a path that cannot be a folder', async () => {
    await inFolder(async (path) => {
      await writeFile(join(path, 'file'), '')
      expect(await codeOf(openLevelStore({ path: join(path, 'file'), durability }))).toBe('MR_STORE_FAILED')
    })
  })
})

describe('closing', () => {
  test('finishes what was called, and refuses what comes after', async () => {
    await inFolder(async (path) => {
      const store = await openLevelStore({ path, durability })
      const { epoch } = await openGroup(store, 1)
      const before = range(1, 20).map((n) => commit(store, commitOf(1, epoch, n, [[key(n), key(n)]])))
      const reads = [
        read(store, [key(1)]),
        read(
          store,
          range(1, 20).map((n) => key(n)),
        ),
        list(store, key(0), key(99)),
      ]
      const closing = store.close()
      const late = [
        commit(store, commitOf(1, epoch, 21)),
        openGroup(store, 2),
        read(store, [key(1)]),
        list(store, key(1), key(2)),
        scan(store, key(1), key(2)),
      ]
      expect(await Promise.all(late.map(codeOf))).toEqual(late.map(() => 'MR_STOPPED'))
      await Promise.all([...before, ...reads])
      await closing
      await store.close()
      await withStore(path, async (again) => {
        const { records } = await openGroup(again, 1)
        expect(records.map(({ number }) => number)).toEqual(range(1, 20))
      })
    })
  })

  test('a scan that is under way ends with an error, not with half of the rows', async () => {
    await inFolder(async (path) => {
      const store = await openLevelStore({ path, durability })
      const { epoch } = await openGroup(store, 1)
      const large = new Uint8Array(200_000)
      await commit(
        store,
        commitOf(
          1,
          epoch,
          1,
          range(1, 20).map((n) => [key(n), large] as const),
        ),
      )
      const rows = store.scan(key(0), key(99))[Symbol.asyncIterator]()
      await rows.next()
      await store.close()
      const rest = async (): Promise<void> => {
        while ((await rows.next()).done !== true) continue
      }
      expect(await codeOf(rest())).toBe('MR_STOPPED')
    })
  })
})

describe('rows of batches', () => {
  test('are kept until four write buffers were filled, and then few', () => {
    const counter = new BatchCounter(1, 0, true)
    const bytes = writeBufferBytes / 10
    for (let i = 1; i <= 39; i++) {
      expect(counter.next()).toEqual({ number: i, removed: [] })
      counter.written(i, bytes)
    }
    for (let i = 40; i <= 500; i++) {
      const { number } = counter.next()
      counter.written(number, bytes)
      expect(number - counter.oldest).toBeGreaterThanOrEqual(39)
      expect(number - counter.oldest).toBeLessThan(60)
    }
  })

  test('that a crash left behind go little by little', () => {
    const counter = new BatchCounter(1, 1_000, true)
    const removed = range(1, 6).map(() => {
      const next = counter.next()
      counter.written(next.number, 10)
      return next.removed.length
    })
    expect(removed).toEqual([256, 256, 256, 232, 0, 0])
    expect(counter.oldest).toBe(1_001)
  })
})

describe('what LevelDB says', () => {
  const said = (text: string, code = 'LEVEL_IO_ERROR'): Error =>
    new Error('Database failed to open', { cause: Object.assign(new Error(text), { code }) })

  test.each([
    [said('IO error: level/000003.log: No space left on device'), 'MR_DISK_FULL'],
    [said('IO error: level/000003.log: Disk quota exceeded'), 'MR_DISK_FULL'],
    [said('IO error: level/000003.log: Input/output error'), 'MR_STORE_FAILED'],
    [said('Corruption: block checksum mismatch', 'LEVEL_CORRUPTION'), 'MR_STORE_CORRUPT'],
    ['not even an error', 'MR_STORE_FAILED'],
  ])('%s', (cause, code) => {
    for (const certain of [true, false])
      expect(storeFailure(cause, 'write', certain)).toMatchObject({ code, certain, cause })
  })

  test('an error of ours stays what it is', () => {
    const ours = new MillraceError('MR_STORE_LOCKED', 'x', { next: 'y' })
    expect(storeFailure(ours, 'open', true)).toBe(ours)
  })
})
