import { textDecoder } from './platform.ts'

const cacheSize = 2_048
/** From here on one call into the platform costs less than a loop. */
const longBytes = 32

/** Texts from UTF-8. Names of properties come again and again, so they are looked up before they are made. */
export class TextReader {
  readonly #names: string[] = new Array<string>(cacheSize).fill('')

  /** A name of at most 31 bytes. */
  name(bytes: Uint8Array, start: number, size: number): string {
    if (size === 0) return ''
    const mixed = (size << 6) ^ (bytes[start]! << 3) ^ bytes[start + (size >> 1)]! ^ (bytes[start + size - 1]! << 4)
    const slot = mixed & (cacheSize - 1)
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
    if (size >= longBytes) return textDecoder.decode(bytes.subarray(start, start + size))
    let all = 0
    for (let i = start; i < start + size; i++) all |= bytes[i]!
    return all < 0x80 ? ascii(bytes, start, size) : utf8(bytes, start, start + size)
  }
}

/** Spelled out, because one call with all units beats every loop. */
function ascii(bytes: Uint8Array, at: number, size: number): string {
  const code = String.fromCharCode
  // biome-ignore format: one size a line
  switch (size) {
    case 0: return ''
    case 1: return code(bytes[at]!)
    case 2: return code(bytes[at]!, bytes[at + 1]!)
    case 3: return code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!)
    case 4: return code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!)
    case 5: return code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!)
    case 6: return code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!)
    case 7: return code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!)
    case 8: return code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!, bytes[at + 7]!)
    default: return ascii(bytes, at, 8) + ascii(bytes, at + 8, size - 8)
  }
}

/** Any well-formed UTF-8; of other bytes it makes some text. */
function utf8(bytes: Uint8Array, start: number, end: number): string {
  const units: number[] = []
  for (let at = start; at < end; ) {
    const lead = bytes[at++]!
    if (lead < 0x80) units.push(lead)
    else if (lead < 0xe0) units.push(((lead & 0x1f) << 6) | (bytes[at++]! & 0x3f))
    else if (lead < 0xf0) units.push(((lead & 0xf) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f))
    else {
      const point =
        ((lead & 7) << 18) | ((bytes[at++]! & 0x3f) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f)
      units.push(0xd7c0 + (point >> 10), 0xdc00 + (point & 0x3ff))
    }
  }
  return String.fromCharCode.apply(null, units)
}
