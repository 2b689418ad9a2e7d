import type { Log, LogRead } from '../log.ts'
import { type ContractKit, testsWith } from './kit.ts'
import { bytes, range } from './store-calls.ts'

/** A log with empty partitions 0 and 1. */
export interface LogUnderTest {
  /** For one more process. */
  open(): Promise<Log>
  dispose(): Promise<void>
}

export function append(log: Log, partition: number, record: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    log.append(partition, record, (error, offset) => (error === undefined ? resolve(offset!) : reject(error)))
  })
}

function readLog(log: Log, partition: number, from: number): Promise<LogRead> {
  return new Promise((resolve, reject) => {
    log.read(partition, from, (error, found) => (error === undefined ? resolve(found!) : reject(error)))
  })
}

function deleteBefore(log: Log, partition: number, offset: number): Promise<void> {
  return new Promise((resolve, reject) => {
    log.deleteBefore(partition, offset, (error) => (error === undefined ? resolve() : reject(error)))
  })
}

/** Every record from an offset on. */
export async function readToEnd(log: Log, partition: number, from: number): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for (;;) {
    const { records, end } = await readLog(log, partition, from + all.length)
    all.push(...records)
    if (from + all.length >= end) return all
  }
}

/** The rules of runtime/ports/log.ts as tests, as far as nothing goes wrong. `fresh` makes an empty log. */
export function logContract({ describe, test, expect }: ContractKit, fresh: () => Promise<LogUnderTest>): void {
  const using = testsWith(test, fresh)

  describe('a log of records in partitions', () => {
    using('L1, L2: offsets have no gaps, whoever appends', async (data) => {
      const [one, two] = [await data.open(), await data.open()]
      const offsets: number[] = []
      for (let i = 0; i < 10; i++) offsets.push(await append(i % 3 === 0 ? two : one, 0, bytes(i)))
      expect(offsets).toEqual(range(0, 9))
      expect(await readToEnd(one, 0, 0)).toEqual(range(0, 9).map((i) => bytes(i)))
      expect(await append(two, 1, bytes(1))).toBe(0)
    })

    using('L1: two that append at the same time get different offsets', async (data) => {
      const logs = [await data.open(), await data.open(), await data.open()]
      const work = logs.map(async (log, who) => {
        const offsets: number[] = []
        for (let i = 0; i < 8; i++) offsets.push(await append(log, 0, bytes(who, i)))
        return offsets
      })
      const offsets = await Promise.all(work)
      expect(offsets.flat().sort((a, b) => a - b)).toEqual(range(0, 23))
      const found = await readToEnd(logs[0]!, 0, 0)
      offsets.forEach((own, who) => own.forEach((offset, i) => expect(found[offset]).toEqual(bytes(who, i))))
    })

    using('L3: a read begins at the offset that was asked for', async (data) => {
      const log = await data.open()
      expect(await readLog(log, 0, 0)).toEqual({ low: 0, end: 0, records: [] })
      for (let i = 0; i < 5; i++) await append(log, 0, bytes(i))
      const reader = await data.open()
      expect((await readLog(reader, 0, 3)).records[0]).toEqual(bytes(3))
      expect(await readToEnd(reader, 0, 3)).toEqual([bytes(3), bytes(4)])
      expect(await readLog(reader, 0, 5)).toEqual({ low: 0, end: 5, records: [] })
      expect(await readLog(reader, 0, 9)).toEqual({ low: 0, end: 5, records: [] })
    })

    using('L3: what one was told, another reads', async (data) => {
      const [one, two] = [await data.open(), await data.open()]
      for (let i = 0; i < 20; i++) {
        const offset = await append(one, 0, bytes(i))
        expect((await readLog(two, 0, offset)).records[0]).toEqual(bytes(i))
      }
    })

    using('L3: records of all sizes come whole', async (data) => {
      const log = await data.open()
      const records = [1, 100_000, 10, 6 << 20, 3 << 20, 20].map((size, i) => new Uint8Array(size).fill(i + 1))
      for (const record of records) await append(log, 0, record)
      const found = await readToEnd(log, 0, 0)
      expect(found.map(({ length }) => length)).toEqual(records.map(({ length }) => length))
      expect(found.every((record, i) => record.every((byte) => byte === i + 1))).toBe(true)
    })

    using('L4: what is deleted is gone, and nothing else', async (data) => {
      const log = await data.open()
      for (let i = 0; i < 6; i++) await append(log, 0, bytes(i))
      await append(log, 1, bytes(9))
      await deleteBefore(log, 0, 4)
      expect(await readLog(log, 0, 2)).toEqual({ low: 4, end: 6, records: [] })
      expect(await readToEnd(await data.open(), 0, 4)).toEqual([bytes(4), bytes(5)])
      await deleteBefore(log, 0, 2)
      await deleteBefore(log, 0, 6)
      expect(await readLog(log, 0, 6)).toEqual({ low: 6, end: 6, records: [] })
      expect(await append(log, 0, bytes(7))).toBe(6)
      expect(await readToEnd(log, 1, 0)).toEqual([bytes(9)])
    })

    using('L5, L6: nobody is answered from inside a call, and bytes have one owner', async (data) => {
      const log = await data.open()
      let isInside = true
      const record = bytes(1, 2, 3)
      const appended = new Promise<boolean>((resolve) => {
        log.append(0, record, () => resolve(isInside))
      })
      record.fill(0xee)
      isInside = false
      expect(await appended).toBe(false)
      const [first] = (await readLog(log, 0, 0)).records
      expect(first).toEqual(bytes(1, 2, 3))
      first!.fill(0xee)
      expect((await readLog(log, 0, 0)).records).toEqual([bytes(1, 2, 3)])
    })
  })
}
