import { after, deadLetterKey, groupKey, Space } from '../../shard/row-key.ts'
import type { Store } from '../store.ts'
import { type ContractKit, testsWith } from './kit.ts'
import {
  bytes,
  codeOf,
  commit,
  commitOf,
  key,
  list,
  numbersOf,
  openGroup,
  range,
  read,
  recordOf,
  scan,
} from './store-calls.ts'

/** One set of data, opened by at most one process at a time. */
export interface StoreUnderTest {
  open(): Promise<Store>
  /** Ends the store in an orderly way, after everything that was called. */
  close(): Promise<void>
  /** Closes what is open, and forgets the data. */
  dispose(): Promise<void>
}

/** Every rule of runtime/ports/store.ts as tests, as far as they need no crash. `fresh` makes an empty store. */
export function storeContract({ describe, test, expect }: ContractKit, fresh: () => Promise<StoreUnderTest>): void {
  const using = testsWith(test, fresh)

  describe('S1: a commit is there whole or not at all', () => {
    using('rows are put and removed as of the commit', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      await commit(
        store,
        commitOf(1, epoch, 1, [
          [key(1), bytes(1)],
          [key(2), bytes(2)],
        ]),
      )
      await commit(
        store,
        commitOf(1, epoch, 2, [
          [key(1), undefined],
          [key(2), bytes(3)],
          [key(3), undefined],
        ]),
      )
      expect(await read(store, [key(1), key(2), key(3)])).toEqual([undefined, bytes(3), undefined])
    })

    using('of one row written twice in a commit, the last counts', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      await commit(
        store,
        commitOf(1, epoch, 1, [
          [key(1), bytes(1)],
          [key(1), undefined],
          [key(1), bytes(2)],
        ]),
      )
      expect(await read(store, [key(1)])).toEqual([bytes(2)])
    })

    using('sizes at the edges', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const large = new Uint8Array(2 << 20).fill(7)
      await commit(store, { ...commitOf(1, epoch, 1, [[key(1), new Uint8Array(0)]]), record: new Uint8Array(0) })
      await commit(store, { ...commitOf(1, epoch, 2, [[key(2), large]]), record: large })
      await data.close()
      const again = await data.open()
      const { records } = await openGroup(again, 1)
      expect(records.map(({ record }) => record.length)).toEqual([0, large.length])
      const [empty, whole] = await read(again, [key(1), key(2)])
      expect([empty?.length, whole?.length, whole?.every((byte) => byte === 7)]).toEqual([0, large.length, true])
    })
  })

  describe('S2: done comes once, later, in order, and only for what is durable', () => {
    using('never from inside the call', async (data) => {
      const store = await data.open()
      const calls: string[] = []
      const { epoch } = await openGroup(store, 1)
      await new Promise<void>((resolve) => {
        store.commit(commitOf(1, epoch, 1), () => calls.push('commit'))
        store.commit(commitOf(1, epoch - 1, 1), () => calls.push('fenced'))
        store.read([], () => calls.push('read'))
        store.read([key(1)], () => calls.push('read'))
        store.list(key(1), key(2), () => calls.push('list'))
        store.open(2, () => resolve())
        expect(calls).toEqual([])
      })
      await list(store, key(1), key(2))
      await read(store, [key(1)])
      expect(calls.filter((call) => call === 'commit' || call === 'fenced')).toEqual(['commit', 'fenced'])
    })

    using('in the order of the calls, over groups and failures', async (data) => {
      const store = await data.open()
      const epochs = [await openGroup(store, 0), await openGroup(store, 1), await openGroup(store, 2)].map(
        (o) => o.epoch,
      )
      await openGroup(store, 2)
      const order: string[] = []
      await new Promise<void>((resolve) => {
        for (let number = 1; number <= 20; number++) {
          for (const group of [1, 0, 2]) {
            store.commit(commitOf(group, epochs[group]!, number), (error) => {
              order.push(`${group}:${number}:${error?.code ?? 'ok'}`)
              if (order.length === 60) resolve()
            })
          }
        }
      })
      expect(order).toEqual(range(1, 20).flatMap((n) => [`1:${n}:ok`, `0:${n}:ok`, `2:${n}:MR_FENCED`]))
    })
  })

  describe('S3: commits of a group are applied in order', () => {
    using('many in flight', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const all = range(1, 100).map((n) => commit(store, commitOf(1, epoch, n, [[key(1), bytes(n)]])))
      await Promise.all(all)
      expect(await read(store, [key(1)])).toEqual([bytes(100)])
      await data.close()
      const { records } = await openGroup(await data.open(), 1)
      expect(records).toEqual(range(1, 100).map((n) => ({ number: n, record: recordOf(1, n) })))
    })

    using('records below the mark go, the newest stays', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      for (let number = 1; number <= 9; number++) await commit(store, commitOf(1, epoch, number, [], number - 3))
      expect(numbersOf(await openGroup(store, 1))).toEqual([6, 7, 8, 9])
      await commit(store, commitOf(1, epoch + 1, 10, [], 2)) // a mark that is behind changes nothing
      expect(numbersOf(await openGroup(store, 1))).toEqual([6, 7, 8, 9, 10])
      await commit(store, commitOf(1, epoch + 2, 11, [], 99))
      await data.close()
      expect(numbersOf(await openGroup(await data.open(), 1))).toEqual([11])
    })

    using('a number that does not follow is a mistake of the caller', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      await commit(store, commitOf(1, epoch, 1))
      for (const number of [1, 3]) {
        let thrown = ''
        try {
          store.commit(commitOf(1, epoch, number), () => undefined)
        } catch (error) {
          thrown = (error as Error).name
        }
        expect(thrown).toBe('InvariantError')
      }
      await commit(store, commitOf(1, epoch, 2))
      expect(numbersOf(await openGroup(store, 1))).toEqual([1, 2])
    })
  })

  describe('S4: whoever opens last owns', () => {
    using('an older epoch changes nothing', async (data) => {
      const store = await data.open()
      const old = await openGroup(store, 1)
      await commit(store, commitOf(1, old.epoch, 1, [[key(1), bytes(1)]]))
      const next = await openGroup(store, 1)
      expect(next.epoch > old.epoch).toBe(true)
      expect(await codeOf(commit(store, commitOf(1, old.epoch, 2, [[key(1), bytes(9)]])))).toBe('MR_FENCED')
      await commit(store, commitOf(1, next.epoch, 2, [[key(2), bytes(2)]]))
      expect(await codeOf(commit(store, commitOf(1, old.epoch, 3, [[key(1), undefined]])))).toBe('MR_FENCED')
      expect(await read(store, [key(1), key(2)])).toEqual([bytes(1), bytes(2)])
      expect(numbersOf(await openGroup(store, 1))).toEqual([1, 2])
    })

    using('what the old owner called before is in what the new owner gets, or fails', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const outcomes = range(1, 30).map((n) => codeOf(commit(store, commitOf(1, epoch, n))))
      const next = openGroup(store, 1)
      const late = range(31, 40).map((n) => codeOf(commit(store, commitOf(1, epoch, n))))
      const applied = (await Promise.all(outcomes)).filter((code) => code === 'no error').length
      expect(numbersOf(await next)).toEqual(range(1, applied))
      expect(await Promise.all(late)).toEqual(late.map(() => 'MR_FENCED'))
    })

    using('other groups go on', async (data) => {
      const store = await data.open()
      const one = await openGroup(store, 1)
      await openGroup(store, 2)
      await openGroup(store, 2)
      await commit(store, commitOf(1, one.epoch, 1))
      expect(numbersOf(await openGroup(store, 1))).toEqual([1])
    })

    using('the epoch rises over restarts', async (data) => {
      const epochs: number[] = []
      for (let i = 0; i < 4; i++) {
        const store = await data.open()
        epochs.push((await openGroup(store, 5)).epoch)
        await data.close()
      }
      expect(epochs.every((epoch, i) => i === 0 || epoch > epochs[i - 1]!)).toBe(true)
    })
  })

  describe('S5: what open hands over', () => {
    using('a group that never was', async (data) => {
      const { records, resident } = await openGroup(await data.open(), 65_535)
      expect([records, resident]).toEqual([[], []])
    })

    using('every row of the spaces that are held in memory, and no other', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const inMemory = [
        groupKey(1),
        groupKey(2),
        ...[Space.shard, Space.catalog, Space.timer].map((s) => bytes(s, 0, 255)),
      ]
      const rows = [bytes(Space.timer + 1), ...inMemory, key(1), deadLetterKey(1, 1)].map((k) => [k, bytes(1)] as const)
      await commit(store, commitOf(1, epoch, 1, rows))
      await data.close()
      const { resident } = await openGroup(await data.open(), 2)
      expect(resident.map(([k]) => k)).toEqual([...inMemory, bytes(Space.timer + 1)])
    })
  })

  describe('S6: a read is of one moment', () => {
    using('values come in the order of the keys, however many', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      await commit(
        store,
        commitOf(
          1,
          epoch,
          1,
          range(0, 499).map((i) => [key(i), key(i)] as const),
        ),
      )
      for (const count of [0, 1, 8, 9, 700]) {
        const asked = range(1, count).map((i) => (i * 331) % 600)
        const values = await read(
          store,
          asked.map((i) => key(i)),
        )
        expect(values).toEqual(asked.map((i) => (i < 500 ? key(i) : undefined)))
      }
      expect(await read(store, [key(3), key(3)])).toEqual([key(3), key(3)])
    })

    using('commits are seen whole', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const parts = range(0, 500).map((part) => key(part)) // so many that several may be read at once
      const commits: Promise<void>[] = []
      for (let number = 1; number <= 60; number++) {
        const rows = parts.map((k) => [k, bytes(number)] as const)
        commits.push(commit(store, commitOf(1, epoch, number, rows)))
        for (const values of [await read(store, parts), await read(store, [parts[0]!, parts[20]!])])
          expect(new Set(values.map((value) => value?.[0])).size).toBe(1)
      }
      await Promise.all(commits)
      expect(await read(store, [parts[5]!])).toEqual([bytes(60)]) // not before the call: all is done
    })
  })

  describe('S7, S8: a scan and a list are of one moment, in key order', () => {
    using('from, inclusive, to, exclusive', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const keys = [bytes(0x10), bytes(0x10, 0), bytes(0x10, 0, 0), bytes(0x10, 1), bytes(0x10, 0xff), bytes(0x11)]
      await commit(
        store,
        commitOf(
          1,
          epoch,
          1,
          [...keys].reverse().map((k) => [k, k] as const),
        ),
      )
      expect(await scan(store, bytes(0x10), bytes(0x11))).toEqual(keys.slice(0, 5).map((k) => [k, k]))
      expect(await list(store, bytes(0x10), bytes(0x11))).toEqual(keys.slice(0, 5))
      expect(await list(store, bytes(0x10, 0), bytes(0x10, 1))).toEqual(keys.slice(1, 3))
      expect(await list(store, bytes(0x10, 0), after(bytes(0x10, 0)))).toEqual(keys.slice(1, 3))
      expect(await list(store, bytes(0x12), bytes(0x10))).toEqual([])
    })

    using('a scan keeps to the moment of its call', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const rows = range(0, 2_999).map((i) => [key(i), bytes(1)] as const)
      await commit(store, commitOf(1, epoch, 1, rows))
      const scanned = store.scan(key(0), key(3_000))
      await commit(
        store,
        commitOf(1, epoch, 2, [
          [key(5), bytes(2)],
          [key(6), undefined],
          [key(0, 1), bytes(2)],
        ]),
      )
      const found: unknown[] = []
      for await (const row of scanned) found.push(row)
      expect(found.length).toBe(3_000)
      expect(found.slice(0, 8)).toEqual(rows.slice(0, 8))
    })
  })

  describe('S9: bytes have one owner', () => {
    using('what was passed in may be written to after the call', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      const [k, value, record, from] = [key(1), bytes(1, 2, 3), bytes(4, 5), key(0)]
      const commits = [commit(store, { ...commitOf(1, epoch, 1, [[k, value]]), record })]
      for (const own of [k, value, record]) own.fill(0xee)
      commits.push(commit(store, commitOf(1, epoch, 2, [[key(2), bytes(2)]])))
      const [asked, to] = [[key(1), key(2)], key(9)]
      await Promise.all(commits)
      const [values, keys] = [read(store, asked), list(store, from, to)]
      for (const own of [...asked, from, to]) own.fill(0xee)
      expect(await values).toEqual([bytes(1, 2, 3), bytes(2)])
      expect(await keys).toEqual([key(1), key(2)])
      expect((await openGroup(store, 1)).records[0]).toEqual({ number: 1, record: bytes(4, 5) })
    })

    using('what was handed out may be written to', async (data) => {
      const store = await data.open()
      const { epoch } = await openGroup(store, 1)
      await commit(
        store,
        commitOf(1, epoch, 1, [
          [key(1), bytes(1)],
          [groupKey(1), bytes(1)],
        ]),
      )
      const look = async (): Promise<Uint8Array[]> => {
        const { resident, records } = await openGroup(store, 1)
        const rows = [...resident.flat(), ...(await scan(store, key(0), key(9))).flat()]
        return [...rows, ...records.map((r) => r.record), ...(await read(store, [key(1)])).map((value) => value!)]
      }
      const first = await look()
      const before = first.map((own) => Uint8Array.from(own))
      for (const own of first) own.fill(0xee)
      expect(await look()).toEqual(before)
    })
  })
}
