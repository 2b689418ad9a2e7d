/** UTF-8 for the layers that have no platform. Keys are short, so plain loops beat a call into the platform anyway. */

/** Bytes that `text` takes as UTF-8. Expects well-formed text. */
export function utf8Length(text: string): number {
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) size += 1
    else if (unit >= 0xd800 && unit < 0xdc00) {
      size += 2 // two units become four bytes
      i += 1
    } else size += 2
  }
  return size
}

/** Writes `text` at `at`; returns the position after it. The caller has made room for 3 bytes per unit. */
export function utf8Write(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i)
    if (unit < 0x80) {
      bytes[at++] = unit
      continue
    }
    if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6)
    } else {
      if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00)
        bytes[at++] = 0xf0 | (unit >> 18)
        bytes[at++] = 0x80 | ((unit >> 12) & 0x3f)
      } else {
        bytes[at++] = 0xe0 | (unit >> 12)
      }
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f)
    }
    bytes[at++] = 0x80 | (unit & 0x3f)
  }
  return at
}

/** The text of UTF-8, best for short texts such as keys. Of bytes that are none it makes some text. */
export function utf8Read(bytes: Uint8Array, start: number, end: number): string {
  let all = 0
  for (let i = start; i < end; i++) all |= bytes[i]!
  return all < 0x80 ? ascii(bytes, start, end) : decoded(bytes, start, end)
}

/** Spelled out, because one call with all units beats every loop. */
function ascii(bytes: Uint8Array, start: number, end: number): string {
  const code = String.fromCharCode
  let text = ''
  let at = start
  for (; at + 8 <= end; at += 8)
    text += code(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
      bytes[at + 4]!,
      bytes[at + 5]!,
      bytes[at + 6]!,
      bytes[at + 7]!,
    )
  // biome-ignore format: one size a line
  switch (end - at) {
    case 0: return text
    case 1: return text + code(bytes[at]!)
    case 2: return text + code(bytes[at]!, bytes[at + 1]!)
    case 3: return text + code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!)
    case 4: return text + code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!)
    case 5: return text + code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!)
    case 6: return text + code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!)
    default: return text + code(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!, bytes[at + 4]!, bytes[at + 5]!, bytes[at + 6]!)
  }
}

/** So many units are given to one call: all of a long text would not fit the stack. */
const unitsPerCall = 4_096

function decoded(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let units: number[] = []
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
    if (units.length < unitsPerCall) continue
    text += String.fromCharCode.apply(null, units)
    units = []
  }
  return text + String.fromCharCode.apply(null, units)
}
