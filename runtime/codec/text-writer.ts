import type { ByteWriter } from '../base/bytes.ts'
import { utf8Length, utf8Write } from '../base/utf8.ts'
import { tag } from './format.ts'
import { textEncoder } from './platform.ts'

/** From here on one call into the platform costs less than a loop. */
const longUnits = 32

/** Writes a text. False: it is not well-formed, and nothing was written. */
export function writeText(out: ByteWriter, text: string): boolean {
  const size = text.length
  if (size >= longUnits) return writeLong(out, text)
  out.reserve(size * 3 + 2)
  // Nearly always: short and ASCII. One pass, and back to the slow form at the first other character.
  const { bytes } = out
  const start = out.length + 1
  for (let i = 0; i < size; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return writeShort(out, text)
    bytes[start + i] = unit
  }
  bytes[start - 1] = tag.fixstr | size
  out.length = start + size
  return true
}

function writeShort(out: ByteWriter, text: string): boolean {
  if (!text.isWellFormed()) return false
  const sizeBytes = utf8Length(text)
  if (sizeBytes < 0x20) out.u8(tag.fixstr | sizeBytes)
  else out.u16((tag.str8 << 8) | sizeBytes)
  out.length = utf8Write(text, out.bytes, out.length)
  return true
}

function writeLong(out: ByteWriter, text: string): boolean {
  if (!text.isWellFormed()) return false
  const start = out.length
  const guessed = headSize(text.length)
  out.reserve(guessed + text.length)
  out.length += guessed
  // Room for ASCII at first, and for whatever is left when that was not enough.
  for (let rest = text; ; ) {
    const { read, written } = textEncoder.encodeInto(rest, out.bytes.subarray(out.length))
    out.length += written
    if (read === rest.length) break
    rest = rest.slice(read)
    out.reserve(rest.length * 3)
  }
  const end = out.length
  const sizeBytes = end - start - guessed
  const head = headSize(sizeBytes)
  if (head !== guessed) {
    out.reserve(head - guessed)
    out.bytes.copyWithin(start + head, start + guessed, end)
  }
  out.length = start
  if (head === 2) out.u16((tag.str8 << 8) | sizeBytes)
  else if (head === 3) {
    out.u8(tag.str16)
    out.u16(sizeBytes)
  } else {
    out.u8(tag.str32)
    out.u32(sizeBytes)
  }
  out.length = start + head + sizeBytes
  return true
}

function headSize(sizeBytes: number): number {
  if (sizeBytes < 0x100) return 2
  return sizeBytes < 0x1_0000 ? 3 : 5
}
