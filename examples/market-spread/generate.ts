/**
 * A market to try things on: 350 symbols, 15 of them with a spread so wide that orders are rejected, and a fifth of the symbols
 * with four fifths of the events. The same seed gives the same bytes, framed by a length in four bytes.
 */
import { random } from '../random.ts'
import { timeText, writeText } from './bytes.ts'
import { orderBytes, quoteBytes } from './layout.ts'

const symbolCount = 350
const popularCount = symbolCount / 5
const wideCount = 15
const openingMs = Date.UTC(2020, 10, 17, 14, 30)

type Options = { count: number; seed: number }
type Instrument = { symbol: string; price: number; wide: boolean }

/** Quotes and orders in one stream, in equal parts. */
export function generateEvents(options: Options): Uint8Array {
  return generate(options, (next) => (next() < 0.5 ? writeQuote : writeOrder))
}

export function generateQuotes(options: Options): Uint8Array {
  return generate(options, () => writeQuote)
}

export function generateOrders(options: Options): Uint8Array {
  return generate(options, () => writeOrder)
}

type Write = (view: DataView, at: number, instrument: Instrument, index: number, next: () => number) => number

function generate({ count, seed }: Options, choose: (next: () => number) => Write): Uint8Array {
  const next = random(seed)
  const instruments = Array.from({ length: symbolCount }, (_, i) => instrument(i, next))
  const bytes = new Uint8Array(count * (4 + orderBytes))
  const view = new DataView(bytes.buffer)
  let end = 0
  for (let i = 0; i < count; i++) {
    const start = end + 4
    end = choose(next)(view, start, instruments[pick(next)]!, i, next)
    view.setUint32(start - 4, end - start)
  }
  return bytes.subarray(0, end)
}

function pick(next: () => number): number {
  if (next() < 0.8) return Math.floor(next() * popularCount)
  return popularCount + Math.floor(next() * (symbolCount - popularCount))
}

/** Wide ones are spread evenly over popular and other symbols. */
function instrument(index: number, next: () => number): Instrument {
  const letters = String.fromCharCode(...[index % 26, index / 26, index % 7, index % 11].map((n) => 65 + n))
  const symbol = letters.slice(0, 2 + (index % 3)).padStart(4)
  const price = Math.round(next() * 10_000) / 100 + 2
  return { symbol, price, wide: index % Math.floor(symbolCount / wideCount) === 7 }
}

const writeQuote: Write = (view, at, { symbol, price, wide }, index, next) => {
  const r = next()
  const bid = wide ? price - ((0.05 + r) * 0.1 + 0.01) : price + r
  const offer = wide ? bid + 0.03 * r + 0.05 : bid + Math.floor(next() * 4) / 100
  view.setUint8(at, 2)
  writeText(view, at + 1, symbol)
  writeText(view, at + 5, timeText(openingMs + index))
  view.setFloat64(at + 26, bid)
  view.setFloat64(at + 34, offer)
  return at + quoteBytes
}

const writeOrder: Write = (view, at, { symbol, price }, index, next) => {
  view.setUint8(at, 1)
  view.setUint8(at + 1, next() < 0.5 ? 1 : 2)
  view.setUint32(at + 2, Math.floor(next() * 1_000))
  writeText(view, at + 6, index.toString(36).padStart(6, '0').slice(-6))
  writeText(view, at + 12, symbol)
  view.setFloat64(at + 16, 100 * (1 + Math.floor(next() * 50)))
  view.setFloat64(at + 24, price)
  writeText(view, at + 32, timeText(openingMs + index))
  return at + orderBytes
}
