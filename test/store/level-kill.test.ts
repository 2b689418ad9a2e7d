import { afterAll, describe, expect, test } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { storeCrashContract } from '../../runtime/ports/contracts/store-crash.ts'
import { commitOf, key, numbersOf, openGroup, range, read } from '../../runtime/ports/contracts/store-calls.ts'
import type { OpenedGroup } from '../../runtime/ports/store.ts'
import { HostProcess } from './host-process.ts'
import { inFolder, withStore } from './level-fixture.ts'
import { remoteFixture, stopRemote } from './remote-store.ts'

afterAll(stopRemote)

// What a kill leaves behind is the same for both durabilities: `process` promises it too.
describe('the store on LevelDB in a process of its own', () => {
  storeCrashContract({ describe, test, expect }, () => remoteFixture('process'))
})

const kills = 10
const seed = Date.now() % 1_000_000

test(`${kills} kills in the middle of commits, seed ${seed}`, { timeout: 60_000 }, async () => {
  const prng = new Prng(seed, 1)
  await inFolder(async (path) => {
    let newest = 0
    let inFlightAtDeath = 0
    let starting = HostProcess.start()
    for (let i = 0; i < kills; i++) {
      const durability = prng.pick(['disk', 'process'] as const)
      const host = await starting
      starting = HostProcess.start() // it takes a while: meanwhile this one works
      await host.ask('it', { call: 'start', options: { path, durability } })
      const opened = (await host.ask('it', { call: 'open', group: 1 })) as OpenedGroup
      expect(opened.records.at(-1)?.number ?? 0).toBe(newest)
      const run = commitUntilDeath(host, opened.epoch, newest, prng)
      await run.confirmedSome
      await host.kill()

      // Nothing to clean up: the next one takes the folder over, and finds what was confirmed.
      await withStore(path, async (store) => {
        const numbers = numbersOf(await openGroup(store, 1))
        const found = numbers.at(-1) ?? 0
        expect(found).toBeGreaterThanOrEqual(run.confirmed())
        expect(found).toBeLessThanOrEqual(run.called())
        expect(numbers).toEqual(range(Math.max(1, found - 20), found))
        const rows = await read(
          store,
          range(found - 3, found + 1).map((n) => key(Math.max(0, n))),
        )
        expect(rows.map((row) => row?.length)).toEqual(
          range(found - 3, found)
            .map((n) => (n < 1 ? undefined : n))
            .concat(undefined as never),
        )
        inFlightAtDeath += run.called() - run.confirmed()
        newest = found
      })
    }
    await (await starting).kill()
    expect(newest).toBeGreaterThan(kills)
    expect(inFlightAtDeath).toBeGreaterThan(0) // the kills did come in the middle
  })
})

/** Commit n writes n bytes to row n and keeps twenty records. Four are in flight at any time. */
function commitUntilDeath(
  host: HostProcess,
  epoch: number,
  newest: number,
  prng: Prng,
): { confirmedSome: Promise<void>; confirmed(): number; called(): number } {
  let called = newest
  let confirmed = newest
  const enough = newest + 1 + prng.below(60)
  let stop: () => void
  const confirmedSome = new Promise<void>((resolve) => {
    stop = resolve
  })
  const next = (): void => {
    const number = ++called
    const record = new Uint8Array(prng.below(30_000))
    const write = { ...commitOf(1, epoch, number, [[key(number), new Uint8Array(number)]], number - 20), record }
    host.call('it', { call: 'commit', write }, (error) => {
      if (error !== undefined) throw error
      confirmed = number
      if (confirmed === enough) stop()
      next()
    })
  }
  for (let i = 0; i < 4; i++) next()
  return { confirmedSome, confirmed: () => confirmed, called: () => called }
}
