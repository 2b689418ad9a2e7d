/**
 * The stable hashes of the data format. They never change: placement and verification of existing data depend on them.
 * Test vectors: test/base/hash.test.ts and docs/data-format.md.
 */

const c1 = 0xcc9e2d51
const c2 = 0x1b873593
/** Whole words can be read at once only where the platform stores them as the hash reads them. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** The finaliser of MurmurHash3 (Austin Appleby, public domain): every input bit reaches every output bit. */
export function mix32(hash: number): number {
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function scramble(block: number): number {
  block = Math.imul(block, c1)
  return Math.imul((block << 15) | (block >>> 17), c2)
}

/** MurmurHash3 x86_32 of `bytes[start, end)`, as an unsigned 32-bit number. */
export function murmur3(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed
  let at = start
  for (; at + 4 <= end; at += 4) {
    hash ^= scramble(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes[at]! << shift
  hash ^= scramble(tail)
  return mix32(hash ^ (end - start)) >>> 0
}

/** The same hash of the UTF-8 form of `text`, without making the bytes. Expects well-formed text. */
export function murmur3Text(text: string, seed: number): number {
  let hash = seed
  let at = 0
  // Nearly always all of it is ASCII: four characters at a time, and back to the slow form at the first other one.
  for (; at + 4 <= text.length; at += 4) {
    const a = text.charCodeAt(at)
    const b = text.charCodeAt(at + 1)
    const c = text.charCodeAt(at + 2)
    const d = text.charCodeAt(at + 3)
    if ((a | b | c | d) >= 0x80) return murmur3Units(text, at, hash)
    hash ^= scramble(a | (b << 8) | (c << 16) | (d << 24))
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let shift = 0, i = at; i < text.length; i++, shift += 8) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return murmur3Units(text, at, hash)
    tail |= unit << shift
  }
  hash ^= scramble(tail)
  return mix32(hash ^ text.length) >>> 0
}

/** Goes on from character `start`, before which everything is ASCII and a whole number of blocks, with the hash so far. */
function murmur3Units(text: string, start: number, hash: number): number {
  let block = 0
  let size = start
  const push = (byte: number): void => {
    block |= byte << ((size & 3) << 3)
    size += 1
    if ((size & 3) !== 0) return
    hash ^= scramble(block)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
    block = 0
  }
  for (let i = start; i < text.length; i++) {
    let unit = text.charCodeAt(i)
    if (unit < 0x80) {
      push(unit)
      continue
    }
    if (unit < 0x800) push(0xc0 | (unit >> 6))
    else {
      if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00)
        push(0xf0 | (unit >> 18))
        push(0x80 | ((unit >> 12) & 0x3f))
      } else push(0xe0 | (unit >> 12))
      push(0x80 | ((unit >> 6) & 0x3f))
    }
    push(0x80 | (unit & 0x3f))
  }
  hash ^= scramble(block)
  return mix32(hash ^ size) >>> 0
}

/** `shard = hash(key) mod shardCount`: MurmurHash3 x86_32 of the key's UTF-8 bytes, seed 0. */
export function shardOf(key: string, shardCount: number): number {
  return shardOfHash(murmur3Text(key, 0), shardCount)
}

/** The shard of a key with this hash. As unsigned integers: V8 divides what may be a double ten times as slowly. */
export function shardOfHash(hash: number, shardCount: number): number {
  return (hash >>> 0) % (shardCount >>> 0)
}

/**
 * A 64-bit chain: `next = chain(previous, bytes)`. Two independent 32-bit MurmurHash3 streams, each seeded by its half of the
 * previous value. It detects corruption and forked histories; it is no defence against somebody who forges them. Halves are
 * numbers with a sign wherever they are: every second unsigned one would be a double, with an object of its own in each place that keeps it.
 */
export class Chain {
  high: number
  low: number

  constructor(high: number = 0, low: number = 0) {
    this.high = high | 0
    this.low = low | 0
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    let high = this.high | 0
    let low = this.low ^ 0x9e3779b9
    let at = start
    if (littleEndian && end - start >= 256 && ((bytes.byteOffset + start) & 3) === 0) {
      const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >> 2)
      for (let i = 0; i < words.length; i++) {
        const block = scramble(words[i]!)
        high ^= block
        high = (Math.imul((high << 13) | (high >>> 19), 5) + 0xe6546b64) | 0
        low ^= block
        low = (Math.imul((low << 17) | (low >>> 15), 9) + 0x38495ab5) | 0
      }
      at += words.length * 4
    }
    for (; at + 4 <= end; at += 4) {
      const block = scramble(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
      high ^= block
      high = (Math.imul((high << 13) | (high >>> 19), 5) + 0xe6546b64) | 0
      low ^= block
      low = (Math.imul((low << 17) | (low >>> 15), 9) + 0x38495ab5) | 0
    }
    let tail = 0
    for (let shift = 0; at < end; at++, shift += 8) tail |= bytes[at]! << shift
    tail = scramble(tail)
    this.high = mix32(high ^ tail ^ (end - start))
    this.low = mix32(low ^ tail ^ Math.imul(end - start, c1))
  }

  equals(high: number, low: number): boolean {
    return this.high === high && this.low === low
  }

  toString(): string {
    return (this.high >>> 0).toString(16).padStart(8, '0') + (this.low >>> 0).toString(16).padStart(8, '0')
  }
}
