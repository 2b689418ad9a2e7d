import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { unframe } from '../../examples/frames.ts'
import { generateEvents, generateOrders, generateQuotes } from '../../examples/market-spread/generate.ts'
import { decodeEvent, decodeOrder, decodeQuote } from '../../examples/market-spread/layout.ts'
import { generateDeposits, generateTransfers } from '../../examples/transfers/generate.ts'
import { example, slow } from './support/millrace.ts'

const count = 50_000

describe('generated data', () => {
  test('is the same for the same seed, and another for another', () => {
    for (const generate of [generateEvents, generateQuotes, generateOrders, generateTransfers]) {
      const of = (seed: number): string => Buffer.from(generate({ count: 100, seed })).toString('hex')
      expect(of(1)).toBe(of(1))
      expect(of(1)).not.toBe(of(2))
    }
  })

  test('a market of 350 symbols, 15 of them wide, a fifth of them with four fifths of the events', () => {
    const events = unframe(generateEvents({ count, seed: 1 })).map(decodeEvent)
    expect(events).toHaveLength(count)
    const perSymbol = new Map<string, number>()
    for (const { symbol } of events) perSymbol.set(symbol, (perSymbol.get(symbol) ?? 0) + 1)
    expect(perSymbol.size).toBe(350)
    const popular = [...perSymbol.values()].sort((a, b) => b - a).slice(0, 70)
    expect(popular.reduce((sum, events) => sum + events) / count).toBeCloseTo(0.8, 1)
    const quotes = events.filter((event) => event.kind === 'quote')
    expect(quotes.length / count).toBeCloseTo(0.5, 1)
    const isWide = ({ bid, offer }: { bid: number; offer: number }) => offer - bid >= 0.05
    expect(new Set(quotes.filter(isWide).map(({ symbol }) => symbol)).size).toBe(15)
    expect(quotes.every(({ bid, offer }) => offer >= bid)).toBe(true)
  })

  test('quotes alone and orders alone', () => {
    expect(unframe(generateQuotes({ count: 500, seed: 1 })).map(decodeQuote)).toHaveLength(500)
    const orders = unframe(generateOrders({ count: 500, seed: 1 })).map(decodeOrder)
    expect(orders).toHaveLength(500)
    expect(new Date(orders[0]!.timeMs).toISOString()).toBe('2020-11-17T14:30:00.000Z')
    expect(orders[499]!.timeMs - orders[0]!.timeMs).toBe(499)
    expect(new Set(orders.map(({ id }) => id)).size).toBe(500)
  })

  test('a bank of a hundred accounts', () => {
    expect(unframe(generateDeposits({ paidIn: 5 })).map((frame) => JSON.parse(Buffer.from(frame).toString()))).toEqual(
      Array.from({ length: 100 }, (_, i) => ({ account: `account-${i}`, amount: 5 })),
    )
    const transfers = unframe(generateTransfers({ count, seed: 1 })).map(
      (frame) => JSON.parse(Buffer.from(frame).toString()) as { from: string; to: string; amount: number },
    )
    const greedy = transfers.filter(({ amount }) => amount > 100 * 1_000_000)
    expect(greedy.length / count).toBeCloseTo(0.05, 2)
    expect(new Set(transfers.map(({ from }) => from)).size).toBe(100)
  })

  test('is written by a command', slow, async () => {
    const command = (...args: string[]) =>
      promisify(execFile)(process.execPath, [...process.execArgv, example('generate.ts'), ...args], {
        encoding: 'buffer',
      })
    const { stdout } = await command('transfers', '1000', '7')
    expect(stdout.equals(generateTransfers({ count: 1_000, seed: 7 }))).toBe(true)
    await expect(command('nothing')).rejects.toMatchObject({ code: 2 })
  })
})
