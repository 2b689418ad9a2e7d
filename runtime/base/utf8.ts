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

export function utf8Read(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let at = start
  while (at < end) {
    const lead = bytes[at++]!
    if (lead < 0x80) text += String.fromCharCode(lead)
    else if (lead < 0xe0) text += String.fromCharCode(((lead & 0x1f) << 6) | (bytes[at++]! & 0x3f))
    else if (lead < 0xf0)
      text += String.fromCharCode(((lead & 0xf) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f))
    else
      text += String.fromCodePoint(
        ((lead & 7) << 18) | ((bytes[at++]! & 0x3f) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f),
      )
  }
  return text
}
