import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { sourceContract } from '../../runtime/ports/contracts/source.ts'
import { recordsOf } from '../../runtime/ports/contracts/source-reading.ts'
import { SimLog } from '../../runtime/sim/sim-source.ts'
import { bytes, text } from './support/framed.ts'
import { SimOrder } from './support/sim-order.ts'

describe.each([1, 2, 3, 4])('the contract of a source, a simulated log, seed %i', (seed) => {
  sourceContract(
    { describe, test, expect },
    {
      fresh: async () => {
        const prng = new Prng(seed, 1)
        const { schedule } = new SimOrder(prng, true)
        const log = new SimLog({ source: 'quotes', partition: '0', prng, gaps: seed % 2 === 0 ? 0.3 : 0 })
        return {
          open: (wake) => log.read({ schedule, prng, readAhead: 1 + prng.below(40), wake }),
          append: async (records) => log.append(records),
          replace: async (records) => log.replace(records),
          shrink: async (count) => log.shrink(count),
          breakFraming: async () => log.breakFraming(),
          dispose: () => Promise.resolve(),
        }
      },
      follows: true,
      framed: true,
    },
  )
})

interface Run {
  readonly seen: string[][]
  readonly log: readonly string[]
}

/** Readers of different read-ahead, that seek at random, over a log that grows; each ends having seen all there is. */
function run(seed: number): Run {
  const prng = new Prng(seed, 2)
  const order = new SimOrder(prng, false)
  const log = new SimLog({ source: 'quotes', partition: '0', prng, gaps: 0.2 })
  const records = Array.from({ length: 60 }, (_, i) => `record ${i}`)
  let appended = 0
  const readers = [1, 4, 50].map((readAhead) => {
    const partition = log.read({ schedule: order.schedule, prng, readAhead, wake: () => {} })
    partition.seek(0, '')
    return { partition, seen: [] as string[], marks: [{ next: 0, proof: '', count: 0 }] }
  })
  const poll = ({ partition, seen, marks }: (typeof readers)[number]): void => {
    const batch = partition.poll(1 + prng.below(9))
    expect(partition.failed).toBeUndefined()
    if (batch === undefined) return
    seen.push(...recordsOf(batch).map((record) => text(record.bytes)))
    marks.push({ next: batch.next, proof: batch.proof, count: seen.length })
  }
  for (let step = 0; step < 400; step++) {
    const reader = prng.pick(readers)
    const what = prng.below(10)
    if (what === 0) {
      const size = prng.below(8)
      log.append(records.slice(appended, (appended = Math.min(60, appended + size))).map((record) => bytes(record)))
    } else if (what === 1) {
      const mark = prng.pick(reader.marks)
      reader.partition.seek(mark.next, mark.proof)
      reader.seen.length = mark.count
      reader.marks.length = reader.marks.indexOf(mark) + 1
    } else if (what < 6) poll(reader)
    else order.step()
  }
  log.append(records.slice(appended).map((record) => bytes(record)))
  for (const reader of readers) {
    while (reader.seen.length < 60) {
      order.step()
      poll(reader)
    }
  }
  return { seen: readers.map(({ seen }) => seen), log: order.log }
}

test.prop([fc.nat()])('readers that overlap, seek and lag behind all see the same log', (seed) => {
  const { seen } = run(seed)
  for (const records of seen) expect(records).toEqual(Array.from({ length: 60 }, (_, i) => `record ${i}`))
})

test('the same seed is the same run', () => {
  expect(run(12_345)).toEqual(run(12_345))
})
