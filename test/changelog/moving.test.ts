import { describe, expect, test } from 'vitest'
import type { ChangelogStore } from '../../runtime/changelog/changelog-store.ts'
import {
  bytes,
  codeOf,
  commit,
  commitOf,
  key,
  numbersOf,
  openGroup,
  range,
  read,
  scan,
} from '../../runtime/ports/contracts/store-calls.ts'
import { append } from '../../runtime/ports/contracts/log.ts'
import type { Log } from '../../runtime/ports/log.ts'
import type { OpenedGroup } from '../../runtime/ports/store.ts'
import { catalogKey, groupKey, shardKey } from '../../runtime/shard/row-key.ts'
import { SimChangelog } from '../../runtime/sim/sim-changelog.ts'
import { ChangelogWorld } from './changelog-fixture.ts'

let seed = 1_000
const division = { shardCount: 8, groupCount: 4 }
/** Of group 0, whose shards are 0 and 4. */
const rowsOf = (n: number): (readonly [Uint8Array, Uint8Array | undefined])[] => [
  [groupKey(0), bytes(n)],
  [shardKey(4), bytes(n)],
  [catalogKey, bytes(9, n)],
  [key(n), bytes(n)],
  [key(n - 2), undefined],
]

async function commitAll(store: ChangelogStore, epoch: number, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) await commit(store, commitOf(0, epoch, number, rowsOf(number), number - 2))
}

async function contentOf(store: ChangelogStore, opened: OpenedGroup): Promise<unknown> {
  return [opened.resident, opened.records, await scan(store, key(0), key(1_000))]
}

describe('a group goes from machine to machine', () => {
  test('with nothing but the log it is what it was', async () => {
    const world = new ChangelogWorld(seed++)
    const first = world.machine()
    const one = first.start({ division })
    await commitAll(one, (await openGroup(one, 0)).epoch, range(1, 6))
    const two = world.machine().start({ division })
    const opened = await openGroup(two, 0)
    expect(opened.epoch).toBe(2)
    expect(numbersOf(opened)).toEqual([4, 5, 6])
    expect(await contentOf(two, opened)).toEqual([
      [
        [groupKey(0), bytes(6)],
        [shardKey(4), bytes(6)],
        [catalogKey, bytes(9, 6)],
      ],
      opened.records,
      [
        [key(5), bytes(5)],
        [key(6), bytes(6)],
      ],
    ])
    // And back, where there is a copy that is behind.
    await commitAll(two, opened.epoch, [7])
    first.kill()
    const again = first.start({ division })
    const back = await openGroup(again, 0)
    const three = world.machine().start({ division })
    expect(await contentOf(again, back)).toEqual(await contentOf(three, { ...(await openGroup(three, 0)) }))
  })

  test('S4: whoever owned before commits nothing any more', async () => {
    const world = new ChangelogWorld(seed++)
    const one = world.machine().start()
    const old = await openGroup(one, 0)
    await commit(one, commitOf(0, old.epoch, 1))
    const two = world.machine().start()
    const next = await openGroup(two, 0)
    expect(await codeOf(commit(one, commitOf(0, old.epoch, 2)))).toBe('MR_FENCED')
    expect(await codeOf(commit(one, commitOf(0, old.epoch, 3)))).toBe('MR_FENCED')
    await commit(two, commitOf(0, next.epoch, 2))
    expect(numbersOf(await openGroup(one, 0))).toEqual([1, 2])
  })

  test('whoever owned before is told so when it asks, although it commits nothing', async () => {
    const world = new ChangelogWorld(seed++)
    const one = world.machine().start()
    const old = await openGroup(one, 0)
    const verify = (): Promise<string | undefined> =>
      new Promise((resolve) => {
        one.verify(0, (error) => resolve(error?.code))
      })
    expect(await verify()).toBe(undefined)
    await commit(one, commitOf(0, old.epoch, 1))
    expect(await verify()).toBe(undefined)
    const two = world.machine().start()
    const next = await openGroup(two, 0)
    await commit(two, commitOf(0, next.epoch, 2))
    expect(await verify()).toBe('MR_FENCED')
    expect(await codeOf(commit(one, commitOf(0, old.epoch, 2)))).toBe('MR_FENCED')
    expect(numbersOf(await openGroup(one, 0))).toEqual([1, 2])
    expect(await verify()).toBe(undefined)
  })

  test('what arrives of a killed owner after it was succeeded is void', async () => {
    const world = new ChangelogWorld(seed++)
    const machine = world.machine()
    const one = machine.start()
    const { epoch } = await openGroup(one, 0)
    world.fault = () => 'late'
    one.commit(commitOf(0, epoch, 1, [[key(1), bytes(1)]]), () => undefined)
    machine.kill()
    world.fault = () => undefined
    const two = world.machine().start()
    const next = await openGroup(two, 0)
    while (world.order.step()) continue
    const isThere = next.records.length === 1
    await commit(two, commitOf(0, next.epoch, isThere ? 2 : 1))
    const three = world.machine().start()
    expect(numbersOf(await openGroup(three, 0))).toEqual(isThere ? [1, 2] : [1])
    expect(await read(three, [key(1)])).toEqual([isThere ? bytes(1) : undefined])
  })

  test('each group has a catalog of its own, though copies share a disk', async () => {
    const world = new ChangelogWorld(seed++)
    const store = world.machine().start({ division })
    for (const group of [0, 1]) {
      const { epoch } = await openGroup(store, group)
      await commit(store, commitOf(group, epoch, 1, [[catalogKey, bytes(group + 1)]]))
    }
    for (const group of [0, 1])
      expect((await openGroup(store, group)).resident).toEqual([[catalogKey, bytes(group + 1)]])
    expect(() => store.read([catalogKey], () => undefined)).toThrow('a catalog belongs to a group')
  })
})

describe('what a commit costs', () => {
  test('one append, and nothing is read back, where nobody else has written', async () => {
    const world = new ChangelogWorld(seed++)
    const { brokers, prng, order } = world
    const log = new SimChangelog({ brokers, prng, schedule: order.schedule })
    const calls = { append: 0, read: 0, deleteBefore: 0 }
    const counted: Log = {
      append: (...args) => {
        calls.append += 1
        log.append(...args)
      },
      read: (...args) => {
        calls.read += 1
        log.read(...args)
      },
      deleteBefore: (...args) => {
        calls.deleteBefore += 1
        log.deleteBefore(...args)
      },
    }
    const store = world.machine().start({ division, log: counted })
    const { epoch } = await openGroup(store, 0)
    const opening = { ...calls }
    await commitAll(store, epoch, range(1, 10))
    expect(calls).toEqual({ ...opening, append: opening.append + 10 })
    // Somebody has written, though in vain: the next commit is read back, and those after it are not.
    await append(log, 0, brokers.partition(0).records[3]!)
    await commitAll(store, epoch, [11])
    expect(calls.read).toBeGreaterThan(opening.read)
    const after = { ...calls }
    await commitAll(store, epoch, [12, 13])
    expect(calls).toEqual({ ...after, append: after.append + 2 })
  })
})

describe('shortening', () => {
  const shortenBeyondBytes = 3_000

  async function shortened(): Promise<{ world: ChangelogWorld; store: ChangelogStore; epoch: number }> {
    const world = new ChangelogWorld(seed++)
    const store = world.machine().start({ division, shortenBeyondBytes })
    const { epoch } = await openGroup(store, 0)
    await commitAll(store, epoch, range(1, 40))
    return { world, store, epoch }
  }

  test('what is no longer needed goes, while commits go on', async () => {
    const { world } = await shortened()
    const { low, records } = world.brokers.partition(0)
    expect(low).toBeGreaterThan(20)
    expect(records.slice(low).reduce((sum, { length }) => sum + length, 0)).toBeLessThan(3 * shortenBeyondBytes)
  })

  test('a machine without a copy, and one whose copy is too old, get all of it', async () => {
    const { world, store, epoch } = await shortened()
    const reference = await contentOf(store, await openGroup(store, 0))
    await commitAll(store, epoch + 1, [])
    const fresh = world.machine()
    const two = fresh.start({ division, shortenBeyondBytes })
    const opened = await openGroup(two, 0)
    expect(await contentOf(two, opened)).toEqual(reference)
    // That of the first one is too old when it comes back, and holds rows that were removed.
    await commitAll(two, opened.epoch, range(41, 90))
    const back = await openGroup(store, 0)
    expect(numbersOf(back)).toEqual([88, 89, 90])
    expect(await scan(store, key(0), key(1_000))).toEqual([89, 90].map((n) => [key(n), bytes(n)]))
  })

  test('an owner that dies in the middle leaves nothing behind that counts', async () => {
    const world = new ChangelogWorld(seed++)
    const machine = world.machine()
    const store = machine.start({ division, shortenBeyondBytes })
    const { epoch } = await openGroup(store, 0)
    const seen = { appends: 0 }
    world.fault = () => (++seen.appends > 30 ? 'lost' : undefined)
    let last = 0
    for (let n = 1; n <= 40; n++)
      store.commit(commitOf(0, epoch, n, rowsOf(n), n - 2), (error) => (last = error === undefined ? n : last))
    while (seen.appends < 33) world.order.step()
    machine.kill()
    world.fault = () => undefined
    const two = world.machine().start({ division, shortenBeyondBytes })
    const opened = await openGroup(two, 0)
    expect(numbersOf(opened).at(-1)).toBeGreaterThanOrEqual(last)
    await commitAll(two, opened.epoch, range(numbersOf(opened).at(-1)! + 1, 80))
    const three = world.machine().start({ division })
    expect(numbersOf(await openGroup(three, 0))).toEqual([78, 79, 80])
  })
})

describe('what is refused', () => {
  test.each([
    ['cut off', (world: ChangelogWorld) => world.brokers.cutTo(0, 2)],
    ['made anew', (world: ChangelogWorld) => world.brokers.cutTo(0, 0)],
    [
      'another one',
      ({ brokers }: ChangelogWorld) => {
        const { records } = brokers.partition(0)
        records[records.length - 1] = records[1]!
      },
    ],
  ])('a log that is %s', async (_, spoil) => {
    const world = new ChangelogWorld(seed++)
    const machine = world.machine()
    const store = machine.start()
    await commitAll(store, (await openGroup(store, 0)).epoch, range(1, 5))
    spoil(world)
    expect(await codeOf(openGroup(store, 0))).toBe('MR_LOG_DIVERGED')
  })

  test('a log that is made anew under its owner', async () => {
    const world = new ChangelogWorld(seed++)
    const store = world.machine().start()
    const { epoch } = await openGroup(store, 0)
    await commitAll(store, epoch, range(1, 5))
    world.brokers.cutTo(0, 0)
    expect(await codeOf(commit(store, commitOf(0, epoch, 6)))).toBe('MR_LOG_DIVERGED')
  })

  test('a record of which a bit is wrong', async () => {
    const world = new ChangelogWorld(seed++)
    const store = world.machine().start()
    await commitAll(store, (await openGroup(store, 0)).epoch, range(1, 5))
    world.brokers.partition(0).records[3]![12]! ^= 4
    expect(await codeOf(openGroup(world.machine().start(), 0))).toBe('MR_STORE_CORRUPT')
  })

  test('an older program, once a newer one has committed, and other numbers of shards or groups', async () => {
    const world = new ChangelogWorld(seed++)
    const owner = (version: number): { incarnation: string; address: string; version: number } => ({
      incarnation: `v${version}.${seed++}`,
      address: '',
      version,
    })
    const newer = world.machine().start({ division, owner: owner(2) })
    const { epoch } = await openGroup(newer, 0)
    const older = (): ChangelogStore => world.machine().start({ division, owner: owner(1) })
    expect((await openGroup(older(), 0)).epoch).toBe(epoch + 1)
    await commitAll(newer, (await openGroup(newer, 0)).epoch, [1])
    expect(await codeOf(openGroup(older(), 0))).toBe('MR_PROGRAM_CHANGED')
    const start = (other: typeof division): Promise<string> =>
      codeOf(openGroup(world.machine().start({ division: other, owner: owner(3) }), 0))
    expect(await start({ ...division, shardCount: 16 })).toBe('MR_SHARD_COUNT_CHANGED')
    expect(await start({ ...division, groupCount: 2 })).toBe('MR_SHARD_MAP_DIFFERS')
  })
})
