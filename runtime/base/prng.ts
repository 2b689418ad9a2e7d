import { mix32 } from './hash.ts'

/** xoshiro128** (Blackman and Vigna, 2018, public domain), seeded by two 32-bit numbers. The same numbers from the same seed, for ever. */
export class Prng {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(high: number, low: number) {
    this.#a = mix32(high ^ 0x9e3779b9)
    this.#b = mix32(low ^ 0x243f6a88)
    this.#c = mix32((high + low) ^ 0xb7e15162)
    this.#d = mix32(Math.imul(high, 31) ^ low) | 1 // never all zero
  }

  /** An unsigned 32-bit number. */
  u32(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotate(this.#d, 11)
    return result
  }

  /** In [0, 1), with 53 bits. */
  unit(): number {
    return ((this.u32() >>> 5) * 67_108_864 + (this.u32() >>> 6)) / 9_007_199_254_740_992
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.unit() * bound)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const held = list[i]!
      list[i] = list[j]!
      list[j] = held
    }
    return list
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
