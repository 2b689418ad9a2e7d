import { afterAll, expect, test } from 'vitest'
import type { MillraceError } from '../../runtime/base/errors.ts'
import { bytes, commitOf, key, numbersOf, openGroup, read } from '../../runtime/ports/contracts/store-calls.ts'
import type { OpenedGroup } from '../../runtime/ports/store.ts'
import { HostProcess } from './host-process.ts'
import { inFolder, withStore } from './level-fixture.ts'

let host: HostProcess | undefined
afterAll(() => host?.kill())

// A file that may not grow is the nearest to a full disk that every user can make: the same write fails, with EFBIG in
// place of ENOSPC, and again in the middle of a record.
test('no room is left: what was confirmed stays, the rest fails honestly, and with room it goes on', async (context) => {
  if (process.platform === 'win32') context.skip('no limit for the size of files can be set here')
  host = await HostProcess.start(256 << 10)
  await inFolder(async (path) => {
    await host!.ask('it', { call: 'start', options: { path, durability: 'disk' } })
    const { epoch } = (await host!.ask('it', { call: 'open', group: 1 })) as OpenedGroup

    // Three at a time, so that some are in the batch that fails and some wait behind it.
    let confirmed = 0
    const failures: MillraceError[] = []
    for (let number = 1; failures.length === 0; number += 3) {
      const writes = [number, number + 1, number + 2].map((n) => ({
        ...commitOf(1, epoch, n, [[key(1), bytes(n)]]),
        record: new Uint8Array(10_000).fill(n),
      }))
      await Promise.all(
        writes.map((write) =>
          host!.ask('it', { call: 'commit', write }).then(
            () => (confirmed = write.number),
            (error: unknown) => failures.push(error as MillraceError),
          ),
        ),
      )
    }
    expect(confirmed).toBeGreaterThan(3)
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['MR_DISK_FULL']))
    expect(failures[0]).toMatchObject({ certain: false }) // its bytes may be on the disk
    expect(failures[0]!.message).toContain('Free space and start again; nothing that was confirmed is lost')

    const late = { call: 'commit', write: commitOf(1, epoch, confirmed + failures.length + 1) } as const
    await expect(host!.ask('it', late)).rejects.toMatchObject({ code: 'MR_DISK_FULL', certain: true })
    await expect(host!.ask('it', { call: 'open', group: 2 })).rejects.toMatchObject({ code: 'MR_DISK_FULL' })
    await host!.ask('it', { call: 'close' })

    await withStore(path, async (store) => {
      const found = numbersOf(await openGroup(store, 1)).at(-1)!
      expect(found).toBeGreaterThanOrEqual(confirmed)
      const uncertain = failures.filter(({ certain }) => !certain).length
      expect(found).toBeLessThanOrEqual(confirmed + uncertain)
      expect(await read(store, [key(1)])).toEqual([bytes(found)])
    })
  })
})
