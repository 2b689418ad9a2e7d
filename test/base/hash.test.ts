import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { Chain, murmur3, murmur3Text, shardOf } from '../../runtime/base/hash.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('murmur3', () => {
  // Published vectors of MurmurHash3 x86_32.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['abc', 0, 0xb3dd93fa],
  ])('gives the known hash of %j with seed %i', (text, seed, hash) => {
    expect(murmur3(bytesOf(text), 0, text.length, seed)).toBe(hash)
    expect(murmur3Text(text, seed)).toBe(hash)
  })

  test.prop([fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed()), fc.nat()])(
    'hashes a text as its UTF-8 bytes',
    (text, seed) => {
      const bytes = bytesOf(text)
      expect(murmur3Text(text, seed)).toBe(murmur3(bytes, 0, bytes.length, seed))
    },
  )
})

describe('shardOf', () => {
  // The data format: these never change. docs/data-format.md repeats them.
  it.each([
    ['', 0],
    ['a', 50],
    ['market', 48],
    ['ключ', 66],
    ['\u{1f600}', 122],
  ])('places %j on shard %i of 128', (key, shard) => {
    expect(shardOf(key, 128)).toBe(shard)
  })
})

describe('Chain', () => {
  it('gives the known chain', () => {
    const chain = new Chain()
    chain.add(Uint8Array.of(1, 2, 3, 4, 5), 0, 5)
    expect(chain.toString()).toBe('a291b9c8822ec067')
  })

  test.prop([fc.uint8Array({ maxLength: 600 }), fc.nat({ max: 7 })])(
    'does not depend on where the bytes lie',
    (bytes, shift) => {
      const padded = new Uint8Array(bytes.length + shift)
      padded.set(bytes, shift)
      const a = new Chain(1, 2)
      const b = new Chain(1, 2)
      a.add(bytes, 0, bytes.length)
      b.add(padded, shift, padded.length)
      expect(b.toString()).toBe(a.toString())
    },
  )

  test.prop([fc.uint8Array({ minLength: 1, maxLength: 600 }), fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'notices every changed byte',
    (bytes, place, change) => {
      const changed = bytes.slice()
      changed[place % bytes.length]! ^= change
      const a = new Chain()
      const b = new Chain()
      a.add(bytes, 0, bytes.length)
      b.add(changed, 0, changed.length)
      expect(b.toString()).not.toBe(a.toString())
    },
  )
})
