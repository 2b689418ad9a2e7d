/** Table k holds the checksum of a byte that k zero bytes follow: eight bytes are summed up at a time. */
const tables: readonly Uint32Array[] = makeTables()

function makeTables(): Uint32Array[] {
  const all = Array.from({ length: 8 }, () => new Uint32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1
    all[0]![byte] = sum
  }
  for (let k = 1; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = all[k - 1]![byte]!
      all[k]![byte] = (before >>> 8) ^ all[0]![before & 0xff]!
    }
  }
  return all
}

/** CRC-32C (Castagnoli) of `bytes[start, end)`, unsigned: what guards a batch of records. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  let sum = -1
  let at = start
  for (; at + 8 <= end; at += 8) {
    sum =
      t7[(sum ^ bytes[at]!) & 0xff]! ^
      t6[((sum >>> 8) ^ bytes[at + 1]!) & 0xff]! ^
      t5[((sum >>> 16) ^ bytes[at + 2]!) & 0xff]! ^
      t4[((sum >>> 24) ^ bytes[at + 3]!) & 0xff]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ t0[(sum ^ bytes[at]!) & 0xff]!
  return ~sum >>> 0
}
