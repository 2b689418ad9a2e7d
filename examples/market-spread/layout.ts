/**
 * How quotes, orders and rejections look as bytes. All numbers are big-endian; a symbol has four characters, spaces first.
 *
 *   order      u8 1, u8 side, u32 account, 6 id, 4 symbol, f64 quantity, f64 price, 21 time (YYYYMMDD-HH:MM:SS.mmm)
 *   quote      u8 2, 4 symbol, 21 time, f64 bid, f64 offer
 *   rejection  u8 side, u32 account, 6 id, 4 symbol, f64 quantity, f64 price, f64 bid, f64 offer, u64 time in ms
 */
import { readSymbol, readText, readTime, symbolOf, viewBehind, writeText } from './bytes.ts'

export type Quote = { kind: 'quote'; symbol: string; bid: number; offer: number }
export type Order = {
  kind: 'order'
  side: 'buy' | 'sell'
  account: number
  id: string
  symbol: string
  quantity: number
  price: number
  timeMs: number
}
/** An order, and the market that it met. */
export type Rejection = { order: Order; bid: number; offer: number }

export const quoteBytes = 42
export const orderBytes = 53
export const rejectionBytes = 55

export function decodeQuote(bytes: Uint8Array): Quote {
  check(bytes, 'a quote', 2, quoteBytes)
  const view = viewBehind(bytes)
  const at = bytes.byteOffset
  return {
    kind: 'quote',
    symbol: readSymbol(view, at + 1),
    bid: view.getFloat64(at + 26),
    offer: view.getFloat64(at + 34),
  }
}

export function decodeOrder(bytes: Uint8Array): Order {
  check(bytes, 'an order', 1, orderBytes)
  const view = viewBehind(bytes)
  const at = bytes.byteOffset
  return {
    kind: 'order',
    side: bytes[1] === 1 ? 'buy' : 'sell',
    account: view.getUint32(at + 2),
    id: readText(view, at + 6, 6),
    symbol: readSymbol(view, at + 12),
    quantity: view.getFloat64(at + 16),
    price: view.getFloat64(at + 24),
    timeMs: readTime(view, at + 32),
  }
}

/** Where both kinds come in one stream: the first byte tells. */
export function decodeEvent(bytes: Uint8Array): Quote | Order {
  return bytes[0] === 2 ? decodeQuote(bytes) : decodeOrder(bytes)
}

const rejection = new Uint8Array(rejectionBytes)
const rejectionView = new DataView(rejection.buffer)

export function encodeRejection({ order, bid, offer }: Rejection): Uint8Array {
  const { side, account, id, symbol, quantity, price, timeMs } = order
  const view = rejectionView
  view.setUint8(0, side === 'buy' ? 1 : 2)
  view.setUint32(1, account)
  writeText(view, 5, id)
  writeText(view, 11, symbol)
  view.setFloat64(15, quantity)
  view.setFloat64(23, price)
  view.setFloat64(31, bid)
  view.setFloat64(39, offer)
  view.setUint32(47, timeMs / 2 ** 32)
  view.setUint32(51, timeMs)
  return rejection.slice()
}

/** The symbol of a quote or an order, and nothing else of it. */
export function symbolIn(bytes: Uint8Array): string {
  const at = bytes[0] === 2 ? 1 : 12
  return symbolOf((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}

function check(bytes: Uint8Array, what: string, type: number, length: number): void {
  if (bytes[0] === type && bytes.length === length) return
  throw new RangeError(`${what} has type ${type} and ${length} bytes, not type ${bytes[0]} and ${bytes.length} bytes`)
}
