/** Reading fixed layouts quickly: nothing is created that can be had again. */

let lastView: DataView = new DataView(new ArrayBuffer(0))

/** A view of the whole buffer that `bytes` are part of: many records share one. */
export function viewBehind(bytes: Uint8Array): DataView {
  if (lastView.buffer !== bytes.buffer) lastView = new DataView(bytes.buffer)
  return lastView
}

const symbols = new Map<number, string>()

/** Four characters, as the one string that stands for them. */
export function readSymbol(view: DataView, at: number): string {
  return symbolOf(view.getInt32(at))
}

/** `code`: the four characters as one number with a sign. */
export function symbolOf(code: number): string {
  let symbol = symbols.get(code)
  if (symbol === undefined) {
    symbol = String.fromCharCode(code >>> 24, (code >>> 16) & 0xff, (code >>> 8) & 0xff, code & 0xff)
    if (symbols.size < 100_000) symbols.set(code, symbol)
  }
  return symbol
}

export function readText(view: DataView, at: number, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode(view.getUint8(at + i))
  return text
}

export function writeText(view: DataView, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i))
}

let dayHigh = 0
let dayLow = 0
let dayMs = 0

/** `YYYYMMDD-HH:MM:SS.mmm` in ms. Most times are of the same day as the one before. */
export function readTime(view: DataView, at: number): number {
  const high = view.getUint32(at)
  const low = view.getUint32(at + 4)
  if (high !== dayHigh || low !== dayLow) {
    dayMs = Date.UTC(digits(view, at, 4), digits(view, at + 4, 2) - 1, digits(view, at + 6, 2))
    dayHigh = high
    dayLow = low
  }
  const seconds = digits(view, at + 9, 2) * 3_600 + digits(view, at + 12, 2) * 60 + digits(view, at + 15, 2)
  return dayMs + seconds * 1_000 + digits(view, at + 18, 3)
}

function digits(view: DataView, at: number, count: number): number {
  let number = 0
  for (let i = at; i < at + count; i++) number = number * 10 + view.getUint8(i) - 48
  return number
}

/** 2020-11-17T14:30:00.000Z becomes 20201117-14:30:00.000. */
export function timeText(timeMs: number): string {
  const iso = new Date(timeMs).toISOString()
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}-${iso.slice(11, 23)}`
}
