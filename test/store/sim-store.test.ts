import { describe, expect, test } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { codeOf, commit, commitOf, openGroup, read, recordOf } from '../../runtime/ports/contracts/store-calls.ts'
import { storeCrashContract } from '../../runtime/ports/contracts/store-crash.ts'
import { storeContract } from '../../runtime/ports/contracts/store.ts'
import { SimDisk } from '../../runtime/sim/sim-disk.ts'
import { type CommitFault, SimStore } from '../../runtime/sim/sim-store.ts'
import { RandomOrder, simFixture } from './sim-fixture.ts'

let seed = 1

for (const durability of ['disk', 'process'] as const) {
  describe(`the simulated store, durability ${durability}`, () => {
    storeContract({ describe, test, expect }, async () => simFixture(seed++, durability))
    storeCrashContract({ describe, test, expect }, async () => simFixture(seed++, durability))
  })
}

const row = new Uint8Array([0x10, 1])
const numbers = (records: readonly { readonly number: number }[]): number[] => records.map(({ number }) => number)

/** `count` commits of group 1, all called and none waited for. */
function callCommits(store: SimStore, epoch: number, count: number): { confirmed: number } {
  const seen = { confirmed: 0 }
  for (let number = 1; number <= count; number++) {
    store.commit(commitOf(1, epoch, number, [[row, new Uint8Array([number])]]), (error) => {
      if (error === undefined) seen.confirmed = number
    })
  }
  return seen
}

describe('crashes', () => {
  test.each([
    ['a kill', 'disk'],
    ['a kill', 'process'],
    ['a power cut', 'disk'],
  ] as const)('%s with durability %s keeps what was confirmed, and a prefix of the rest', async (how, durability) => {
    const kept = new Set<number>()
    for (let i = 0; i < 60; i++) {
      const data = simFixture(seed++, durability)
      const order = new RandomOrder(data.prng)
      const store = await data.open({ schedule: order.schedule })
      const opened = openGroup(store, 1)
      while (store.pending > 0) order.step()
      const seen = callCommits(store, (await opened).epoch, 6)
      for (let steps = data.prng.below(12); steps > 0; steps--) order.step()
      const { confirmed } = seen
      if (how === 'a kill') store.kill(data.prng)
      else data.disk.losePower(data.prng)
      while (order.step()) continue
      expect(seen.confirmed).toBe(confirmed) // no callback comes from the dead
      const newest = data.disk.newest(1)
      expect(newest).toBeGreaterThanOrEqual(confirmed)
      expect(numbers(data.disk.records(1))).toEqual(numbers(data.disk.records(1)).map((_, k) => k + 1))
      expect(data.disk.rows()).toEqual(newest === 0 ? [] : [[row, new Uint8Array([newest])]])
      kept.add(newest - confirmed)
    }
    expect(kept.size).toBeGreaterThan(2) // the seeds differ
  })

  test('a power cut with durability process loses what was not synced, and an open syncs', async () => {
    const lost = new Set<number>()
    for (let i = 0; i < 100; i++) {
      const data = simFixture(seed++, 'process')
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      for (let number = 1; number <= 3; number++) await commit(store, commitOf(1, epoch, number))
      await openGroup(store, 2)
      for (let number = 4; number <= 8; number++) await commit(store, commitOf(1, epoch, number))
      data.disk.losePower(data.prng)
      expect(data.disk.newest(1)).toBeGreaterThanOrEqual(3)
      expect(data.disk.epoch(1)).toBe(epoch)
      const again = await data.open()
      expect(numbers((await openGroup(again, 1)).records)).toEqual(numbers(data.disk.records(1)))
      lost.add(8 - data.disk.newest(1))
    }
    expect(lost).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  })
})

describe('faults', () => {
  const outcomes: Record<CommitFault, { code: string; certain: boolean; applied: boolean }> = {
    refused: { code: 'MR_STORE_FAILED', certain: true, applied: false },
    lost: { code: 'MR_STORE_FAILED', certain: false, applied: false },
    applied: { code: 'MR_STORE_FAILED', certain: false, applied: true },
    full: { code: 'MR_DISK_FULL', certain: false, applied: false },
  }

  test.each(Object.entries(outcomes))('%s: said honestly, and everything later fails', async (fault, outcome) => {
    const data = simFixture(seed++, 'disk')
    const store = await data.open({ fault: ({ number }) => (number === 2 ? (fault as CommitFault) : undefined) })
    const { epoch } = await openGroup(store, 1)
    await commit(store, commitOf(1, epoch, 1))
    const second = commit(store, commitOf(1, epoch, 2, [[row, row]]))
    const third = commit(store, commitOf(1, epoch, 3))
    await expect(second).rejects.toMatchObject({ code: outcome.code, certain: outcome.certain })
    await expect(third).rejects.toMatchObject({ code: outcome.code, certain: true })
    expect(await codeOf(openGroup(store, 2))).toBe(outcome.code)
    await data.kill()
    const again = await data.open()
    expect(numbers((await openGroup(again, 1)).records)).toEqual(outcome.applied ? [1, 2] : [1])
    expect(await read(again, [row])).toEqual([outcome.applied ? row : undefined])
  })

  test.each(['missing', 'torn'] as const)('a record that is %s is found at the next open', async (how) => {
    const data = simFixture(seed++, 'disk')
    const store = await data.open()
    const { epoch } = await openGroup(store, 3)
    for (let number = 1; number <= 5; number++)
      await commit(store, commitOf(3, epoch, number, [], number === 5 ? 2 : 0))
    data.disk.damage(3, 4, how)
    await data.kill()
    await expect(openGroup(await data.open(), 3)).rejects.toMatchObject({
      code: 'MR_STORE_CORRUPT',
      message: expect.stringContaining('commit group 3: expected record 4, found record 5') as string,
    })
  })

  test('the newest record, and the oldest that is needed, are missed too', async () => {
    for (const [number, found] of [
      [2, 'expected record 2, found record 3'],
      [4, 'expected record 4, found none'],
    ] as const) {
      const data = simFixture(seed++, 'disk')
      const store = await data.open()
      const { epoch } = await openGroup(store, 3)
      for (let n = 1; n <= 4; n++) await commit(store, commitOf(3, epoch, n, [], n === 4 ? 2 : 0))
      data.disk.damage(3, number, 'missing')
      await expect(openGroup(await data.open(), 3)).rejects.toThrow(found)
    }
  })

  test('a flipped bit is left to the chain over the records', async () => {
    const data = simFixture(seed++, 'disk')
    const store = await data.open()
    const { epoch } = await openGroup(store, 3)
    await commit(store, commitOf(3, epoch, 1))
    data.disk.damage(3, 1, 'flipped')
    const [record] = (await openGroup(await data.open(), 3)).records
    expect(record!.record).not.toEqual(recordOf(3, 1))
    expect(record!.record.length).toBe(3)
  })
})

describe('zombies', () => {
  test('of two processes on a disk, the one that opened first is fenced', async () => {
    const data = simFixture(seed++, 'disk')
    const [zombie, owner] = [await data.open(), await data.open()]
    const old = await openGroup(zombie, 1)
    await commit(zombie, commitOf(1, old.epoch, 1))
    const opened = await openGroup(owner, 1)
    expect(numbers(opened.records)).toEqual([1])
    expect(await codeOf(commit(zombie, commitOf(1, old.epoch, 2, [[row, row]])))).toBe('MR_FENCED')
    await commit(owner, commitOf(1, opened.epoch, 2))
    expect(await codeOf(commit(zombie, commitOf(1, old.epoch, 3)))).toBe('MR_FENCED')
    expect(numbers(data.disk.records(1))).toEqual([1, 2])
    expect(data.disk.rows()).toEqual([])
  })

  test('what a zombie has in flight is in what the owner gets, or is fenced', async () => {
    const seen = new Set<number>()
    for (let i = 0; i < 40; i++) {
      const data = simFixture(seed++, 'disk')
      const [zombie, owner] = [await data.open(), await data.open()]
      const { epoch } = await openGroup(zombie, 1)
      const outcomes = [1, 2, 3].map((n) => codeOf(commit(zombie, commitOf(1, epoch, n))))
      const { records } = await openGroup(owner, 1)
      const codes = await Promise.all(outcomes)
      expect(codes).toEqual([1, 2, 3].map((n) => (n <= records.length ? 'no error' : 'MR_FENCED')))
      seen.add(records.length)
    }
    expect(seen.size).toBeGreaterThan(2)
  })
})

describe('the whole disk', () => {
  test('a snapshot is a deep copy, with what was not synced', async () => {
    const data = simFixture(seed++, 'process')
    const store = await data.open()
    const { epoch } = await openGroup(store, 1)
    await commit(store, commitOf(1, epoch, 1, [[row, new Uint8Array([1])]]))
    const snapshot = data.disk.snapshot()
    await commit(store, commitOf(1, epoch, 2, [[row, new Uint8Array([2])]]))
    data.disk.damage(1, 1, 'missing')
    await data.kill()
    data.disk.restore(snapshot)
    expect(data.disk.rows()).toEqual([[row, new Uint8Array([1])]])
    expect(numbers((await openGroup(await data.open(), 1)).records)).toEqual([1])
    data.disk.restore(snapshot)
    const newest = new Set<number>()
    for (let i = 0; i < 20; i++) {
      data.disk.restore(snapshot)
      data.disk.losePower(data.prng)
      newest.add(data.disk.newest(1))
    }
    expect(newest).toEqual(new Set([0, 1]))
  })

  test('the same seed, the same story', () => {
    const tell = (first: number): string[] => {
      const prng = new Prng(first, 1)
      const order = new RandomOrder(prng)
      const story: string[] = []
      const schedule = (what: string, run: () => void): void =>
        order.schedule(what, () => {
          story.push(what)
          run()
        })
      const store = new SimStore({ disk: new SimDisk(), durability: 'process', schedule })
      store.open(1, (_, opened) => {
        for (let n = 1; n <= 4; n++) store.commit(commitOf(1, opened!.epoch, n), () => story.push(`done ${n}`))
        store.read([row], () => story.push('read'))
      })
      while (order.step()) continue
      return story
    }
    expect(tell(5)).toEqual(tell(5))
    expect(new Set(range(20).map((first) => tell(first).join())).size).toBeGreaterThan(5)
  })
})

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
