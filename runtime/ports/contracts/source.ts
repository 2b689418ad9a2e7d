import type { SourcePartition } from '../source.ts'
import { type ContractKit, testsWith } from './kit.ts'
import { readFrom, recordsOf, SourceReading } from './source-reading.ts'

/** One partition outside, and any number of readers of it. */
export interface SourceUnderTest {
  open(wake: () => void): SourcePartition
  /** Puts records behind those that are there. */
  append(records: readonly Uint8Array[]): Promise<void>
  /** Puts other records in the place of all. */
  replace(records: readonly Uint8Array[]): Promise<void>
  /** Leaves the first `count` records. */
  shrink(count: number): Promise<void>
  /** Puts something behind the records that is no record. */
  breakFraming(): Promise<void>
  dispose(): Promise<void>
}

export interface SourceContractOptions {
  fresh(): Promise<SourceUnderTest>
  /** Whether a reader at the end notices what becomes of the source. Without it those tests are left out. */
  readonly follows: boolean
  /** Whether `breakFraming` can be done. */
  readonly framed: boolean
}

/** Every rule of runtime/ports/source.ts as tests. */
export function sourceContract({ describe, test, expect }: ContractKit, options: SourceContractOptions): void {
  const withFresh = testsWith(test, () => options.fresh())
  const using = (
    name: string,
    body: (outside: SourceUnderTest, open: SourceUnderTest['open']) => Promise<void>,
  ): void => withFresh(name, (outside) => body(outside, (wake) => outside.open(wake)))

  describe('reading', () => {
    using('an empty source is at its end', async (_, open) => {
      expect(await readFrom(open, 0, '')).toEqual({ records: [], positions: [], code: undefined })
    })

    using('gives what is there, the same every time, however much is asked for (R1)', async (outside, open) => {
      await outside.append(someRecords(0, 300))
      const first = await readFrom(open, 0, '')
      expect(first.records.map(({ bytes }) => bytes)).toEqual(someRecords(0, 300))
      for (const maxRecords of [1, 7, 299, 5_000]) {
        expect((await readFrom(open, 0, '', maxRecords)).records).toEqual(first.records)
      }
    })

    using('offsets grow, and a batch keeps to what it was asked for (R1)', async (outside, open) => {
      await outside.append(someRecords(0, 100))
      const reading = new SourceReading(open)
      reading.partition.seek(0, '')
      let last = -1
      for (let batch = await reading.batch(9); batch !== undefined; batch = await reading.batch(9)) {
        expect(batch.count >= 1 && batch.count <= 9, `${batch.count} records`).toBe(true)
        for (let i = 0; i < batch.count; i++) {
          expect(batch.offsets[i]! > last, `offset ${batch.offsets[i]} after ${last}`).toBe(true)
          last = batch.offsets[i]!
        }
        expect(batch.next > last, `next ${batch.next} after ${last}`).toBe(true)
      }
      await reading.partition.close()
    })

    using('readers do not disturb each other (R1)', async (outside, open) => {
      await outside.append(someRecords(0, 120))
      const readings = [1, 5, 50].map((maxRecords) => ({ maxRecords, reading: new SourceReading(open) }))
      for (const { reading } of readings) reading.partition.seek(0, '')
      const all = await Promise.all(readings.map(({ reading, maxRecords }) => reading.rest(maxRecords)))
      for (const { records } of all) expect(records.map(({ bytes }) => bytes)).toEqual(someRecords(0, 120))
      for (const { reading } of readings) await reading.partition.close()
    })

    using('nothing is ready inside the call; what was given stays as it was (R2)', async (outside, open) => {
      await outside.append(someRecords(0, 200))
      const reading = new SourceReading(open)
      reading.partition.seek(0, '')
      const held = []
      for (let batch = await reading.batch(11); batch !== undefined; batch = await reading.batch(11)) {
        held.push({ batch, copy: recordsOf(batch) })
      }
      for (const { batch, copy } of held) expect(recordsOf(batch)).toEqual(copy)
      await reading.partition.close()
    })

    using('is at its end when everything was given, not before', async (outside, open) => {
      await outside.append(someRecords(0, 30))
      const reading = new SourceReading(open)
      reading.partition.seek(0, '')
      let count = 0
      for (let batch = await reading.batch(4); batch !== undefined; batch = await reading.batch(4)) {
        count += batch.count
        if (count < 30) expect(reading.partition.atEnd).toBe(false)
      }
      expect([count, reading.partition.atEnd, reading.partition.hasMore === true]).toEqual([30, true, false])
      await reading.partition.close()
    })
  })

  describe('seeking', () => {
    using('goes on at any position with its proof, and at any offset without (R3)', async (outside, open) => {
      await outside.append(someRecords(0, 60))
      const { records, positions } = await readFrom(open, 0, '', 7)
      for (const { next, proof, count } of positions) {
        expect((await readFrom(open, next, proof)).records).toEqual(records.slice(count))
      }
      for (let i = 0; i < 60; i += 13) {
        expect((await readFrom(open, records[i]!.offset, '')).records).toEqual(records.slice(i))
      }
    })

    using('again, back and forth: nothing of an older seek comes (R3)', async (outside, open) => {
      await outside.append(someRecords(0, 80))
      const { records, positions } = await readFrom(open, 0, '', 10)
      const reading = new SourceReading(open)
      reading.partition.seek(0, '')
      for (const { next, proof, count } of [...positions].reverse()) {
        await reading.batch(3)
        reading.partition.seek(next, proof)
        // Before its first answer there is nothing; and then it is what was sought.
        const batch = await reading.batch(3)
        expect(batch === undefined ? [] : recordsOf(batch)).toEqual(records.slice(count, count + (batch?.count ?? 0)))
      }
      await reading.partition.close()
    })

    using('what was appended meanwhile does not change what was there (R1)', async (outside, open) => {
      await outside.append(someRecords(0, 40))
      const before = await readFrom(open, 0, '', 9)
      await outside.append(someRecords(40, 20))
      expect((await readFrom(open, 0, '')).records.slice(0, 40)).toEqual(before.records)
      const last = before.positions.at(-1)!
      const added = await readFrom(open, last.next, last.proof)
      expect(added.records.map(({ bytes }) => bytes)).toEqual(someRecords(40, 20))
    })
  })

  describe('a source that is not what it was', () => {
    using('was cut: MR_SOURCE_SHRANK, and no record (R4)', async (outside, open) => {
      await outside.append(someRecords(0, 50))
      const { positions } = await readFrom(open, 0, '', 10)
      await outside.shrink(20)
      const { next, proof } = positions.at(-1)!
      const { records, code } = await readFrom(open, next, proof)
      expect([records, code]).toEqual([[], 'MR_SOURCE_SHRANK'])
    })

    using('was replaced: MR_SOURCE_REPLACED, and no record (R4)', async (outside, open) => {
      await outside.append(someRecords(0, 50))
      const { next, proof } = (await readFrom(open, 0, '', 1)).positions[24]!
      await outside.replace(someRecords(1_000, 70))
      const { records, code } = await readFrom(open, next, proof)
      expect([records, code]).toEqual([[], 'MR_SOURCE_REPLACED'])
    })
  })

  if (options.framed) {
    using('what is before something that is no record comes, then MR_FRAMING_BROKEN (R6)', async (outside, open) => {
      await outside.append(someRecords(0, 25))
      await outside.breakFraming()
      const { records, code } = await readFrom(open, 0, '', 10)
      expect(records.map(({ bytes }) => bytes)).toEqual(someRecords(0, 25))
      expect(code).toBe('MR_FRAMING_BROKEN')
    })
  }

  if (!options.follows) return
  describe('a source that is followed', () => {
    using('wakes a reader at its end, again and again (R5)', async (outside, open) => {
      const reading = new SourceReading(open)
      reading.partition.seek(0, '')
      expect((await reading.rest(10)).records).toEqual([])
      for (let round = 0; round < 5; round++) {
        await outside.append(someRecords(round * 3, 3))
        const seen: Uint8Array[] = []
        while (seen.length < 3) {
          const batch = await reading.batch(10)
          if (batch === undefined) await reading.woken()
          else seen.push(...recordsOf(batch).map(({ bytes }) => bytes))
        }
        expect(seen).toEqual(someRecords(round * 3, 3))
      }
      await reading.partition.close()
    })

    using('fails a reader that waits at its end when it is replaced, and gives nothing new', async (outside, open) => {
      await outside.append(someRecords(0, 50))
      const reading = new SourceReading(open)
      reading.partition.seek(0, '')
      await reading.rest(100)
      await outside.replace(someRecords(1_000, 70))
      const { code, records } = await reading.failure()
      expect(records).toEqual([])
      expect(['MR_SOURCE_REPLACED', 'MR_SOURCE_SHRANK'].includes(code), code).toBe(true)
      await reading.partition.close()
    })
  })
}

/** Records that any framing can hold, of several lengths, none like another. */
function someRecords(from: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(3 + ((from + i) % 40))
    bytes.fill(65 + ((from + i) % 26))
    bytes[0] = 48 + ((from + i) % 10)
    bytes[1] = 48 + (Math.floor((from + i) / 10) % 10)
    bytes[2] = 48 + (Math.floor((from + i) / 100) % 60)
    return bytes
  })
}
