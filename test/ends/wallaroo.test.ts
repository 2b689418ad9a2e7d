import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openFileSource } from '../../runtime/node/files/file-source.ts'
import type { Framing } from '../../runtime/node/files/framing.ts'
import { type ReadRecord, readFrom } from '../../runtime/ports/contracts/source-reading.ts'
import { text } from './support/framed.ts'

// Reference data lies beside the checkout, and is no part of it.
const data = fileURLToPath(new URL('../../../shared/data/wallaroo/', import.meta.url))
const absent = !existsSync(data)
if (absent) console.log('skipped: files of Wallaroo (no ../shared/data/wallaroo beside this checkout)')

async function read(path: string, framing: Framing): Promise<ReadRecord[]> {
  const { records, code } = await readFrom(
    (wake) =>
      openFileSource({ source: 'wallaroo', path: data + path, framing, follow: false, chunkBytes: 4_096, wake }),
    0,
    '',
  )
  expect(code).toBeUndefined()
  return records
}

describe.skipIf(absent)('files that Wallaroo wrote', () => {
  // Name, records, bytes of each, and its first byte: 1 an order, 2 a quote, 0 not the same in all.
  test.each([
    ['market_spread/initial_nbbo/350-symbols_initial-nbbo-fixish.msg', 350, 42, 2],
    ['market_spread/initial_nbbo/700-symbols_initial-nbbo-fixish.msg', 700, 42, 2],
    ['market_spread/initial_nbbo/1400-symbols_initial-nbbo-fixish.msg', 1_400, 42, 2],
    ['market_spread/initial_nbbo/2100-symbols_initial-nbbo-fixish.msg', 2_100, 42, 2],
    ['market_spread/initial_nbbo/r3k-symbols_initial-nbbo-fixish.msg', 2_926, 42, 2],
    ['market_spread/history_2016/1000nbbo-fixish.msg', 1_000, 42, 2],
    ['market_spread/history_2016/1000trades-fixish.msg', 1_000, 53, 1],
    ['market_spread/derived/gen_market.msg', 2_000, 42, 2],
    ['market_spread/derived/gen_orders.msg', 2_000, 53, 1],
    ['market_spread/derived/gen_expected.msg', 1_000, 55, 0],
    ['alphabet/votes/votes.msg', 10_000, 5, 0],
    ['celsius/v0.5.4/celsius.msg', 10_000, 4, 0],
  ])('%s: %i records of %i bytes', async (path, count, size, kind) => {
    const records = await read(path, 'u32')
    expect(records.length).toBe(count)
    expect(new Set(records.map(({ bytes }) => bytes.length))).toEqual(new Set([size]))
    if (kind !== 0) expect(new Set(records.map(({ bytes }) => bytes[0]))).toEqual(new Set([kind]))
    expect(records.at(-1)!.offset).toBe((count - 1) * (4 + size))
  })

  test('the bill of rights has 217 different words', async () => {
    const lines = await read('word_count/bill_of_rights/count_this.txt', 'lines')
    const words = lines
      .flatMap((line) => text(line.bytes).toLowerCase().split(' '))
      .map((word) => word.replace(/[^a-z0-9]/g, ''))
    expect(new Set(words.filter((word) => word !== '')).size).toBe(217)
  })
})
