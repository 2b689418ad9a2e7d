import { type ContractKit, testsWith } from './kit.ts'
import { bytes, codeOf, commit, commitOf, key, numbersOf, openGroup, range, read, recordOf } from './store-calls.ts'
import type { StoreUnderTest } from './store.ts'

export interface StoreToKill extends StoreUnderTest {
  /** As `kill -9` does: the process is gone, and no callback comes any more. The data stays. */
  kill(): Promise<void>
}

/** What runtime/ports/store.ts promises about a process that is killed at any moment. `fresh` makes an empty store. */
export function storeCrashContract({ describe, test, expect }: ContractKit, fresh: () => Promise<StoreToKill>): void {
  const using = testsWith(test, fresh)

  describe('kill -9', () => {
    using(
      'S1, S2, S3: of many in flight the first few are there, each whole, and all that were confirmed',
      async (data) => {
        const store = await data.open()
        const { epoch } = await openGroup(store, 1)
        const confirmed: number[] = []
        for (let number = 1; number <= 40; number++) {
          const rows = [0, 1, 2].map((part) => [key(number, part), bytes(number)] as const)
          store.commit(commitOf(1, epoch, number, rows), (error) => {
            if (error === undefined) confirmed.push(number)
          })
        }
        await read(store, [key(1)])
        await data.kill()
        const before = confirmed.length
        const again = await data.open()
        const numbers = numbersOf(await openGroup(again, 1))
        expect(confirmed).toEqual(range(1, before))
        expect(numbers).toEqual(range(1, Math.max(before, numbers.length)))
        for (let number = 1; number <= 40; number++) {
          const value = number <= numbers.length ? bytes(number) : undefined
          expect(
            await read(
              again,
              [0, 1, 2].map((part) => key(number, part)),
            ),
          ).toEqual([value, value, value])
        }
      },
    )

    using('S2: what was confirmed survives, time after time', async (data) => {
      for (let number = 1; number <= 2; number++) {
        const store = await data.open()
        const { epoch, records } = await openGroup(store, 3)
        expect(records).toEqual(range(1, number - 1).map((n) => ({ number: n, record: recordOf(3, n) })))
        await commit(store, commitOf(3, epoch, number, [[key(number), bytes(number)]]))
        await data.kill()
      }
      expect(
        await read(
          await data.open(),
          [1, 2].map((n) => key(n)),
        ),
      ).toEqual([bytes(1), bytes(2)])
    })

    using('S4: an epoch that was handed out is never handed out again', async (data) => {
      const first = await openGroup(await data.open(), 1)
      await data.kill()
      const store = await data.open()
      const second = await openGroup(store, 1)
      expect(second.epoch > first.epoch).toBe(true)
      expect(await codeOf(commit(store, commitOf(1, first.epoch, 1)))).toBe('MR_FENCED')
    })
  })
}
