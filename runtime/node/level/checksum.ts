import { murmur3 } from '../../base/hash.ts'
import { corrupt } from '../../ports/store-refusals.ts'
import { Space } from '../../shard/row-key.ts'

/**
 * LevelDB checks the blocks of its tables only when told to, and this binding has no way to tell it. So every value carries
 * four bytes that depend on its key and its content: a flipped bit on the disk is an error, never a wrong state. Commit
 * records go without, because the chain of hashes over them (runtime/shard/recover) says more.
 */
const sizeBytes = 4
/** The seed of rows without a checksum: no hash is negative. */
const unsealed = -1
let scratch = new Uint8Array(64 << 10)

/** The value with its checksum, in a buffer that the next call overwrites. */
export function seal(key: Uint8Array, value: Uint8Array): Uint8Array {
  const size = value.length
  if (size + sizeBytes > scratch.length) scratch = new Uint8Array((size + sizeBytes) * 2)
  scratch.set(value)
  const sum = murmur3(value, 0, size, seedOf(key))
  scratch[size] = sum >>> 24
  scratch[size + 1] = sum >>> 16
  scratch[size + 2] = sum >>> 8
  scratch[size + 3] = sum
  return scratch.subarray(0, size + sizeBytes)
}

/** The value without its checksum. Throws MR_STORE_CORRUPT when they do not fit. */
export function openRow(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return openSeeded(seedOf(key), key, bytes)
}

/** The same for a key that may have been written to since: `seed` was taken in time. The key only names the row. */
export function openSeeded(seed: number, key: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (seed === unsealed) return plain(bytes)
  const size = bytes.length - sizeBytes
  if (size >= 0) {
    const sum = (bytes[size]! << 24) | (bytes[size + 1]! << 16) | (bytes[size + 2]! << 8) | bytes[size + 3]!
    if (sum >>> 0 === murmur3(bytes, 0, size, seed)) return plain(bytes, size)
  }
  throw corrupt(`the row with key ${Buffer.from(key).toString('hex')} does not fit its checksum`)
}

/** What the checksum of a row starts from. */
export function seedOf(key: Uint8Array): number {
  return key[0] === Space.log ? unsealed : murmur3(key, 0, key.length, 0)
}

/** LevelDB hands out Buffers, whose `slice` does not copy. What leaves the store are plain bytes. */
export function plain(bytes: Uint8Array, size: number = bytes.length): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, size)
}
