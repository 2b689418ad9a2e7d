/** MurmurHash2 (Austin Appleby, public domain) of `bytes[start, end)` with the seed that Kafka's clients use, as signed 32 bits. */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  const m = 0x5bd1e995
  let hash = 0x9747b28c ^ (end - start)
  let at = start
  for (; at + 4 <= end; at += 4) {
    let block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    block = Math.imul(block, m)
    block = Math.imul(block ^ (block >>> 24), m)
    hash = Math.imul(hash, m) ^ block
  }
  if (at < end) {
    for (let i = end - 1; i >= at; i--) hash ^= bytes[i]! << ((i - at) << 3)
    hash = Math.imul(hash, m)
  }
  hash = Math.imul(hash ^ (hash >>> 13), m)
  return hash ^ (hash >>> 15)
}

/** The partition that the Java client (and all that follow it) chooses for a key. */
export function partitionOf(key: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(key, start, end) & 0x7fffffff) % partitions
}
