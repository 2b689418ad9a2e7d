import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bind } from 'millrace'
import { file } from 'millrace/files'
import { describe, expect } from 'vitest'
import { unframe } from '../../examples/frames.ts'
import { generateEvents, generateOrders, generateQuotes } from '../../examples/market-spread/generate.ts'
import { decodeEvent, decodeOrder, decodeQuote } from '../../examples/market-spread/layout.ts'
import type { Order } from '../../examples/market-spread/layout.ts'
import spread, { Market, orders, quotes, rejections } from '../../examples/market-spread/market-spread.ts'
import merged, { events } from '../../examples/market-spread/merged.ts'
import { expectedRejections, rejectionsPerSymbol } from './support/market-model.ts'
import { test } from '../support/folder.ts'
import { example, millrace, slow } from './support/millrace.ts'
import { runOnce, statesOf } from './support/run-once.ts'
import { sharedData } from './support/shared-data.ts'

const framing = 'u32'

describe('market spread', () => {
  const order: Order = {
    kind: 'order',
    side: 'buy',
    account: 1,
    id: 'abcdef',
    symbol: 'ACME',
    quantity: 100,
    price: 10,
    timeMs: 0,
  }

  test('a market opens with a narrow quote and closes with a wide one', () => {
    const market = { bid: 0, offer: 0, open: false }
    expect(Market.order(market, order)).toMatchObject({ order: { id: 'abcdef' }, bid: 0, offer: 0 })
    Market.quote(market, { kind: 'quote', symbol: 'ACME', bid: 10, offer: 10.02 })
    expect(Market.order(market, order)).toBeUndefined()
    Market.quote(market, { kind: 'quote', symbol: 'ACME', bid: 10, offer: 10.05 })
    expect(Market.order(market, order)).toMatchObject({ order: { symbol: 'ACME' }, bid: 10, offer: 10.05 })
    Market.quote(market, { kind: 'quote', symbol: 'ACME', bid: 0.5, offer: 0.54 })
    expect(Market.order(market, order)).toMatchObject({ bid: 0.5 })
  })

  test('one stream: rejections of each symbol are those of the plain functions, in their order', async ({ folder }) => {
    const input = join(folder, 'events.msg')
    const output = join(folder, 'rejections.msg')
    const bytes = generateEvents({ count: 20_000, seed: 3 })
    await writeFile(input, bytes)
    const bound = bind(merged, [events.from(file(input, { framing })), rejections.to(file(output, { framing }))])
    await runOnce(bound, join(folder, 'data'))
    const expected = expectedRejections(unframe(bytes).map(decodeEvent))
    expect(rejectionsPerSymbol(await readFile(output))).toEqual(expected.rejections)
    expect(await statesOf(bound, join(folder, 'data'), Market)).toEqual(expected.markets)
  })

  test('one stream from the command line', slow, async ({ folder }) => {
    const input = join(folder, 'events.msg')
    const output = join(folder, 'rejections.msg')
    const bytes = generateEvents({ count: 2_000, seed: 4 })
    await writeFile(input, bytes)
    const run = ['run', example('market-spread/merged.ts'), '--once', '--data', join(folder, 'data')]
    const ends = ['--in', `events=file:${input}?framing=u32`, '--out', `rejections=file:${output}?framing=u32`]
    await millrace(...run, ...ends)
    expect(rejectionsPerSymbol(await readFile(output))).toEqual(
      expectedRejections(unframe(bytes).map(decodeEvent)).rejections,
    )
  })

  test('two streams, the quotes before the orders', async ({ folder }) => {
    const quoted = generateQuotes({ count: 5_000, seed: 5 })
    const ordered = generateOrders({ count: 5_000, seed: 5 })
    await writeFile(join(folder, 'quotes.msg'), quoted)
    await writeFile(join(folder, 'orders.msg'), ordered)
    const output = await runQuotesThenOrders(folder, join(folder, 'quotes.msg'), join(folder, 'orders.msg'))
    const inOrder = [...unframe(quoted).map(decodeQuote), ...unframe(ordered).map(decodeOrder)]
    expect(rejectionsPerSymbol(output)).toEqual(expectedRejections(inOrder).rejections)
  })

  test('from Wallaroo: 2,000 quotes, 2,000 orders, 1,000 known rejections', async ({ folder, skip }) => {
    const derived = (name: string) => sharedData(skip, `wallaroo/market_spread/derived/gen_${name}.msg`)
    const output = await runQuotesThenOrders(folder, derived('market'), derived('orders'))
    const answer = await readFile(derived('expected'))
    expect(unframe(answer)).toHaveLength(1_000)
    expect(rejectionsPerSymbol(output, { withTime: false })).toEqual(rejectionsPerSymbol(answer, { withTime: false }))
  })

  test('from Wallaroo: orders without a quote are all rejected', async ({ folder, skip }) => {
    const input = sharedData(skip, 'wallaroo/market_spread/history_2016/1000trades-fixish.msg')
    await writeFile(join(folder, 'none.msg'), '')
    const output = await runQuotesThenOrders(folder, join(folder, 'none.msg'), input)
    expect(unframe(output)).toHaveLength(1_000)
  })

  test('from Wallaroo: 15 symbols of each opening are wide', async ({ folder, skip }) => {
    for (const count of ['350', '700', '1400', '2100', 'r3k']) {
      const input = sharedData(skip, `wallaroo/market_spread/initial_nbbo/${count}-symbols_initial-nbbo-fixish.msg`)
      await writeFile(join(folder, 'none.msg'), '')
      const bound = bindTwo(input, join(folder, 'none.msg'), join(folder, `${count}.msg`))
      await runOnce(bound, join(folder, `${count}-data`))
      const markets = await statesOf(bound, join(folder, `${count}-data`), Market)
      expect([...markets.values()].filter(({ open }) => !open)).toHaveLength(15)
      if (count !== 'r3k') expect(markets.size).toBe(Number(count))
    }
  })
})

/** What a reader of quotes that is done and an order that is not yet sent make of two streams. */
async function runQuotesThenOrders(folder: string, quoted: string, ordered: string): Promise<Buffer> {
  const growing = join(folder, 'growing.msg')
  const output = join(folder, 'rejections.msg')
  const bound = bindTwo(quoted, growing, output)
  await writeFile(growing, '')
  await runOnce(bound, join(folder, 'data'))
  await writeFile(growing, await readFile(ordered))
  await runOnce(bound, join(folder, 'data'))
  return await readFile(output)
}

function bindTwo(quoted: string, ordered: string, output: string) {
  return bind(spread, [
    quotes.from(file(quoted, { framing })),
    orders.from(file(ordered, { framing })),
    rejections.to(file(output, { framing })),
  ])
}
