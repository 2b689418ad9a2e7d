import { once } from 'node:events'
import { readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker as Thread } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { openLevelStore } from '../../runtime/node/level/open-store.ts'
import type { LevelStore, SharedStore } from '../../runtime/node/level/store.ts'
import { codeOf, numbersOf, openGroup, range } from '../../runtime/ports/contracts/store-calls.ts'
import { inFolder, withStore } from './level-fixture.ts'

const slow = { timeout: 60_000 }

/** Runs a thread that commits so often; killed after it has told of commit `killAt`. Returns the last commit it told of. */
async function committing(shared: SharedStore, group: number, count: number, killAt = 0): Promise<number> {
  const thread = streamThread({ shared, group, count, throws: false })
  let last = 0
  thread.on('message', (number: number) => {
    last = number
    if (number === killAt) void thread.terminate()
  })
  await once(thread, 'exit')
  return last
}

function streamThread(workerData: { shared: SharedStore; group: number; count: number; throws: boolean }): Thread {
  return new Thread(new URL('./stream-thread.ts', import.meta.url), { workerData })
}

async function recordsOf(store: LevelStore, groups: number): Promise<number[][]> {
  const all: number[][] = []
  for (let group = 0; group < groups; group++) all.push(numbersOf(await openGroup(store, group)))
  return all
}

describe('one store, several threads', slow, () => {
  test.each(['process', 'disk'] as const)('%s: what any of them was told is there', async (durability) => {
    await inFolder(async (path) => {
      let lasts: number[] = []
      await withStore(
        path,
        async (store) => {
          const { shared } = store
          lasts = await Promise.all([
            committing(shared, 0, 150),
            // A thread dies when it can: more than enough, or it would be done before.
            committing(shared, 1, 1_000_000, 40).then(async (last) => {
              const next = await committing(shared, 1, 100)
              expect(next).toBeGreaterThanOrEqual(last + 100)
              return next
            }),
            committing(shared, 2, 1_000_000, 60),
          ])
          expect(lasts[0]).toBe(150)
          expect(lasts[2]).toBeGreaterThanOrEqual(60)
        },
        { durability, groupCount: 3 },
      )
      await withStore(path, async (store) => {
        expect(store.groupCount).toBe(3)
        const [first, second, third] = await recordsOf(store, 3)
        expect([first, second]).toEqual([range(1, 150), range(1, lasts[1]!)])
        expect(third).toEqual(range(1, third!.length))
        expect(third!.length).toBeGreaterThanOrEqual(lasts[2]!)
      })
    })
  })

  test('a write in a thread that is going down does not count as done', async () => {
    await inFolder(async (path) => {
      await withStore(
        path,
        async (store) => {
          const { shared } = store
          await expect(once(streamThread({ shared, group: 0, count: 5, throws: true }), 'exit')).rejects.toThrow(
            'thrown where nobody catches',
          )
          expect(await committing(shared, 0, 3)).toBe(4 + 3)
        },
        { groupCount: 2 },
      )
    })
  })

  test('commits of one of them that are cut off are missed', async () => {
    await inFolder(async (path) => {
      const store = await openLevelStore({ path, durability: 'disk' })
      await Promise.all([committing(store.shared, 0, 20), committing(store.shared, 1, 200)])
      const kept = await readdir(path)
      expect(kept.filter((name) => name.startsWith('high-water')).sort()).toEqual([
        'high-water',
        'high-water.1',
        'high-water.2',
      ])
      await store.close()
      const log = (await readdir(join(path, 'level'))).find((name) => name.endsWith('.log'))!
      const file = join(path, 'level', log)
      const { length } = await readFile(file)
      await truncate(file, length - 1_000)
      expect(await codeOf(openLevelStore({ path, durability: 'disk' }))).toBe('MR_STORE_CORRUPT')
    })
  })

  test('another number of groups begins where the former ended', async () => {
    await inFolder(async (path) => {
      await withStore(path, async (store) => {
        await Promise.all([committing(store.shared, 0, 20), committing(store.shared, 1, 30)])
      })
      await withStore(path, async (store) => {
        expect(await recordsOf(store, 2)).toEqual([range(1, 20), range(1, 30)])
        await new Promise<void>((resolve, reject) => {
          store.regroup(3, [], (error) => (error === undefined ? resolve() : reject(error)))
        })
        expect([store.groupCount, await recordsOf(store, 2)]).toEqual([3, [[], []]])
      })
      await withStore(path, async (store) => {
        expect([store.groupCount, await recordsOf(store, 3)]).toEqual([3, [[], [], []]])
        await committing(store.shared, 2, 3)
      })
      await withStore(path, async (store) => expect(await recordsOf(store, 3)).toEqual([[], [], range(1, 3)]))
    })
  })
})
