/** Sixteen bytes are summed up at a time: entry 256 * k + byte is the checksum of a byte that k zero bytes follow. */
const slices = 16
const table: Int32Array = makeTable()

function makeTable(): Int32Array {
  const all = new Int32Array(256 * slices)
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1
    all[byte] = sum
  }
  for (let i = 256; i < all.length; i++) {
    const before = all[i - 256]!
    all[i] = (before >>> 8) ^ all[before & 0xff]!
  }
  return all
}

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned: what guards a batch of records. By slicing (M. Kounavis, F. Berry, "A
 * systematic approach to building high performance software-based CRC generators").
 */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let sum = -1
  let at = start
  for (; at + slices <= end; at += slices) {
    const a = sum ^ words.getInt32(at, true)
    const b = words.getInt32(at + 4, true)
    const c = words.getInt32(at + 8, true)
    const d = words.getInt32(at + 12, true)
    sum =
      table[0xf00 + (a & 0xff)]! ^
      table[0xe00 + ((a >>> 8) & 0xff)]! ^
      table[0xd00 + ((a >>> 16) & 0xff)]! ^
      table[0xc00 + (a >>> 24)]! ^
      table[0xb00 + (b & 0xff)]! ^
      table[0xa00 + ((b >>> 8) & 0xff)]! ^
      table[0x900 + ((b >>> 16) & 0xff)]! ^
      table[0x800 + (b >>> 24)]! ^
      table[0x700 + (c & 0xff)]! ^
      table[0x600 + ((c >>> 8) & 0xff)]! ^
      table[0x500 + ((c >>> 16) & 0xff)]! ^
      table[0x400 + (c >>> 24)]! ^
      table[0x300 + (d & 0xff)]! ^
      table[0x200 + ((d >>> 8) & 0xff)]! ^
      table[0x100 + ((d >>> 16) & 0xff)]! ^
      table[d >>> 24]!
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ table[(sum ^ bytes[at]!) & 0xff]!
  return ~sum >>> 0
}
