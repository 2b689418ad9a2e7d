import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { completeFile, type GivenEnd } from '../../api/cli/ends.ts'
import { parseUri } from '../../api/cli/uri.ts'
import { start } from '../../api/run/start.ts'
import { frames, unframe } from '../../examples/frames.ts'
import { generateEvents, generateOrders, generateQuotes } from '../../examples/market-spread/generate.ts'
import { generateDeposits, generateTransfers } from '../../examples/transfers/generate.ts'
import { test } from '../support/folder.ts'
import { rejectionsPerSymbol } from './support/market-model.ts'
import { example } from './support/millrace.ts'

/** What is run in turn, each time with more input; and what comes out, put in an order that does not depend on the scale. */
interface Case {
  readonly program: string
  readonly framing: 'u32' | 'lines'
  readonly runs: readonly Readonly<Record<string, Uint8Array | string>>[]
  readonly sink: string
  readonly perKey: (output: Uint8Array) => unknown
}

const json = (...values: object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')
const linesPer =
  (keyOf: (line: string) => string) =>
  (output: Uint8Array): unknown => {
    const all = new Map<string, string[]>()
    for (const line of Buffer.from(output).toString().split('\n').filter(Boolean))
      all.set(keyOf(line), [...(all.get(keyOf(line)) ?? []), line])
    return all
  }
const vote = (letter: string, votes: number): Uint8Array => {
  const bytes = Buffer.alloc(letter.length + 4)
  bytes.write(letter)
  bytes.writeUInt32BE(votes, letter.length)
  return bytes
}
const float = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(value)
  return bytes
}
const carts = (count: number): string =>
  json(
    ...Array.from({ length: count }, (_, i) => ({
      order: `o${i}`,
      sku: `s${i % 7}`,
      quantity: 1,
      price: 1,
      card: `c${i % 11}`,
    })),
  )

const cases: Readonly<Record<string, Case>> = {
  'word count': {
    program: 'word-count/word-count.ts',
    framing: 'lines',
    runs: [{ lines: await readFile(example('word-count/bill-of-rights.txt'), 'utf8') }],
    sink: 'counts',
    perKey: linesPer((line) => line.split(' ')[0]!),
  },
  alphabet: {
    program: 'alphabet/alphabet.ts',
    framing: 'u32',
    runs: [{ votes: frames(Array.from({ length: 4_000 }, (_, i) => vote('abcdefghijk'[(i * 7) % 11]!, i))) }],
    sink: 'totals',
    perKey: (output) => {
      const all = new Map<string, string[]>()
      for (const frame of unframe(output)) {
        const letter = String.fromCharCode(frame[0]!)
        all.set(letter, [...(all.get(letter) ?? []), Buffer.from(frame).toString('hex')])
      }
      return all
    },
  },
  celsius: {
    program: 'celsius/celsius.ts',
    framing: 'u32',
    runs: [{ celsius: frames(Array.from({ length: 4_000 }, (_, i) => float(i / 8))) }],
    sink: 'fahrenheit',
    perKey: (output) => Buffer.from(output).toString('hex'),
  },
  'market spread, one stream': {
    program: 'market-spread/merged.ts',
    framing: 'u32',
    runs: [{ events: generateEvents({ count: 8_000, seed: 4 }) }],
    sink: 'rejections',
    perKey: rejectionsPerSymbol,
  },
  'market spread, quotes before orders': {
    program: 'market-spread/market-spread.ts',
    framing: 'u32',
    runs: [
      { quotes: generateQuotes({ count: 4_000, seed: 5 }), orders: new Uint8Array(0) },
      { quotes: generateQuotes({ count: 4_000, seed: 5 }), orders: generateOrders({ count: 4_000, seed: 6 }) },
    ],
    sink: 'rejections',
    perKey: rejectionsPerSymbol,
  },
  transfers: {
    program: 'transfers/transfers.ts',
    framing: 'u32',
    runs: [
      { deposits: generateDeposits(), transfers: new Uint8Array(0) },
      { deposits: generateDeposits(), transfers: generateTransfers({ count: 4_000, seed: 8 }) },
    ],
    sink: 'refusals',
    perKey: (output) =>
      unframe(output)
        .map((frame) => Buffer.from(frame).toString())
        .sort(),
  },
  shop: {
    program: 'shop/shop.ts',
    framing: 'lines',
    runs: [
      {
        deliveries: json(...Array.from({ length: 7 }, (_, i) => ({ sku: `s${i}`, quantity: 1_000 }))),
        carts: '',
      },
      {
        deliveries: json(...Array.from({ length: 7 }, (_, i) => ({ sku: `s${i}`, quantity: 1_000 }))),
        carts: carts(500),
      },
    ],
    sink: 'receipts',
    perKey: linesPer((line) => (JSON.parse(line) as { order: string }).order),
  },
  alerts: {
    program: 'alerts/alerts.ts',
    framing: 'lines',
    runs: [
      {
        transactions: json(
          ...Array.from({ length: 2_000 }, (_, i) => ({ user: `u${i % 50}`, amount: i % 3 === 0 ? -40 : 100 })),
        ),
      },
    ],
    sink: 'alerts',
    perKey: linesPer((line) => (JSON.parse(line) as { user: string }).user),
  },
}

describe('as the command line runs them, on several workers', { timeout: 180_000 }, () => {
  test.for(Object.keys(cases))('%s: the same for each key as on one', async (name, { folder }) => {
    const one = cases[name]!
    const outputs: unknown[] = []
    for (const workers of [1, 2, 4]) outputs.push(await outputOf(one, join(folder, String(workers)), workers))
    expect(outputs[1]).toEqual(outputs[0])
    expect(outputs[2]).toEqual(outputs[0])
    expect(JSON.stringify(outputs[0] instanceof Map ? [...outputs[0]] : outputs[0]).length).toBeGreaterThan(100)
  })
})

async function outputOf({ program, framing, runs, sink, perKey }: Case, at: string, workers: number): Promise<unknown> {
  await mkdir(at)
  const given = (name: string): GivenEnd => ({ name, end: parseUri(`file:${join(at, name)}?framing=${framing}`) })
  for (const inputs of runs) {
    for (const [name, content] of Object.entries(inputs)) await writeFile(join(at, name), content)
    const ends = { in: Object.keys(inputs).map(given), out: [given(sink)] }
    const file = example(program)
    const live = await start(await completeFile(file, ends), {
      data: join(at, 'data'),
      durability: 'process',
      once: true,
      follow: false,
      acceptTornRecords: false,
      workers,
      reference: { kind: 'file', file, given: ends },
    })
    await live.done
  }
  return perKey(await readFile(join(at, sink)))
}
