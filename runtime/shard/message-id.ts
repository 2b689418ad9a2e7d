import { mix32, murmur3Text } from '../base/hash.ts'

/**
 * The name of a message, in 64 bits: what `ctx.random` is seeded with and traces refer to. A record's messages are named
 * by the record's place; every other message by the message whose handler caused it and its place among the effects. So a
 * message has the same name when it is handled again, in whatever batch. Names identify; they decide nothing.
 */
export class MessageId {
  high = 0
  low = 0

  set(high: number, low: number): void {
    this.high = high
    this.low = low
  }

  /** Message `index` of the record at `offset` of a partition. */
  ofRecord(seed: number, offset: number, index: number): void {
    const offsetHigh = Math.floor(offset / 0x1_0000_0000)
    this.high = mix32(seed ^ mix32((offset | 0) ^ Math.imul(offsetHigh, 0x9e3779b1)))
    this.low = mix32(Math.imul(seed, 0x85ebca77) + (offset | 0) + Math.imul(index + 1, 0xc2b2ae3d))
  }

  /** Effect `index` of the message named by `parent`. */
  derive(parent: MessageId, index: number): void {
    this.high = mix32(parent.high ^ Math.imul(index + 1, 0x9e3779b1))
    this.low = mix32((parent.low + Math.imul(index + 1, 0x85ebca77)) ^ this.high)
  }
}

export function partitionSeed(source: string, partition: string): number {
  return mix32(murmur3Text(source, 0x51) ^ Math.imul(murmur3Text(partition, 0x7f), 31))
}
