const cacheSize = 2_048
/** Calls with more arguments than this are slow, or fail. */
const chunkUnits = 1_024

/** Texts from UTF-8. Names of properties come again and again, so they are looked up before they are made. */
export class TextReader {
  readonly #names: string[] = new Array<string>(cacheSize).fill('')

  /** A name of at most 31 bytes. */
  name(bytes: Uint8Array, start: number, size: number): string {
    if (size === 0) return ''
    const slot =
      ((size << 6) ^ (bytes[start]! << 3) ^ bytes[start + (size >> 1)]! ^ (bytes[start + size - 1]! << 4)) &
      (cacheSize - 1)
    const known = this.#names[slot]!
    if (known.length === size) {
      let i = 0
      while (i < size && known.charCodeAt(i) === bytes[start + i]) i++
      if (i === size) return known
    }
    const name = this.text(bytes, start, size)
    // Only ASCII: then bytes and units are the same, and comparing is the loop above.
    if (name.length === size) this.#names[slot] = name
    return name
  }

  text(bytes: Uint8Array, start: number, size: number): string {
    if (size < 16) {
      const short = shortAscii(bytes, start, size)
      if (short !== undefined) return short
    }
    const end = start + size
    let text = ''
    let at = start
    while (at < end) {
      const units: number[] = []
      while (at < end && units.length < chunkUnits) {
        const lead = bytes[at++]!
        if (lead < 0x80) units.push(lead)
        else if (lead < 0xe0) units.push(((lead & 0x1f) << 6) | (bytes[at++]! & 0x3f))
        else if (lead < 0xf0) units.push(((lead & 0xf) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f))
        else {
          const point =
            (((lead & 7) << 18) |
              ((bytes[at++]! & 0x3f) << 12) |
              ((bytes[at++]! & 0x3f) << 6) |
              (bytes[at++]! & 0x3f)) -
            0x1_0000
          units.push(0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff))
        }
      }
      text += String.fromCharCode.apply(null, units)
    }
    return text
  }
}

/** Undefined: there is another character than ASCII. Spelled out, because one call with all units beats every loop. */
function shortAscii(bytes: Uint8Array, at: number, size: number): string | undefined {
  let all = 0
  for (let i = 0; i < size; i++) all |= bytes[at + i]!
  if (all >= 0x80) return undefined
  let text = ''
  let left = size
  while (left >= 4) {
    text += String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!)
    at += 4
    left -= 4
  }
  if (left === 3) return text + String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!)
  if (left === 2) return text + String.fromCharCode(bytes[at]!, bytes[at + 1]!)
  if (left === 1) return text + String.fromCharCode(bytes[at]!)
  return text
}
