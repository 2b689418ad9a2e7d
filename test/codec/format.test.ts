import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createCodec } from '../../runtime/codec/codec.ts'

const codec = createCodec()
const hex = (value: unknown): string => Buffer.from(codec.encode(value)).toString('hex')
const shared = { n: 1 }

/** Stores hold these bytes. A line that must change is a new version of the data format. */
describe('the layout never changes', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'c0'],
    ['undefined', undefined, 'd40000'],
    ['booleans', [true, false], '92c3c2'],
    ['small whole numbers', [0, 127, -1, -32], '94007fffe0'],
    ['larger ones', [128, 256, 65_536, 4_294_967_295], '94cc80cd0100ce00010000ceffffffff'],
    ['negative ones', [-33, -129, -32_769, -2_147_483_648], '94d0dfd1ff7fd2ffff7fffd280000000'],
    ['beyond 32 bits', 4_294_967_296, 'cb41f0000000000000'],
    ['fractions', 1.5, 'cb3ff8000000000000'],
    ['minus zero', -0, 'cb8000000000000000'],
    ['not a number', Number.NaN, 'cb7ff8000000000000'],
    ['bigints', [1n, -1n, 2n ** 63n], '93d30000000000000001d3ffffffffffffffffcf8000000000000000'],
    ['huge bigints', [2n ** 64n, -(2n ** 64n)], '92c90000000a4200010000000000000000c90000000a4201010000000000000000'],
    ['text', ['', 'ab', 'é', '\u{1F40E}'], '94a0a26162a2c3a9a4f09f908e'],
    ['long text', 'x'.repeat(32), `d920${'78'.repeat(32)}`],
    ['an object', { a: 1, b: [] }, '82a16101a16290'],
    ['one without prototype', Object.assign(Object.create(null), { a: 1 }) as object, 'c9000000044e81a16101'],
    [
      'sixteen properties',
      Object.fromEntries(Array.from({ length: 16 }, (_, i) => [String.fromCharCode(97 + i), 0])),
      `de0010${Array.from({ length: 16 }, (_, i) => `a1${(97 + i).toString(16)}00`).join('')}`,
    ],
    ['sixteen items', Array.from({ length: 16 }, () => 0), `dc0010${'00'.repeat(16)}`],
    ['a Map', new Map([['a', 1]]), 'c9000000064dde0001a16101'],
    ['a Set', new Set([1, 2]), 'c90000000573dc00020102'],
    ['a Date', new Date(1_700_000_000_123), 'd7014278bcfe5687b000'],
    ['bytes', new Uint8Array([1, 2]), 'c4020102'],
    ['another view', new Int16Array([-2]), 'c800037403feff'],
    ['the same object twice', [shared, shared], 'c19281a16e01d67000000001'],
  ])('%s', (_, value, bytes) => {
    expect(hex(value)).toBe(bytes)
    expect(codec.decode(Buffer.from(bytes, 'hex'), 0, bytes.length / 2)).toStrictEqual(value)
  })
})

describe('sizes at which the layout gets wider', () => {
  const sizes = [15, 16, 31, 32, 255, 256, 65_535, 65_536]
  const again = (value: unknown): unknown => {
    const bytes = codec.encode(value).slice()
    return codec.decode(bytes, 0, bytes.length)
  }
  test.each(sizes)('%i', (size) => {
    const list = Array.from({ length: size }, (_, i) => i)
    for (const value of [
      list,
      Object.fromEntries(list.map((i) => [`k${i}`, i])),
      { inner: Object.fromEntries(list.map((i) => [`k${i}`, i])), after: true },
      new Map(list.map((i) => [i, i])),
      new Set(list),
      'x'.repeat(size),
      'é'.repeat(size),
      { ['n'.repeat(size)]: 1 },
      new Uint8Array(size),
      new Uint8ClampedArray(size),
      list.map((i) => ({ i })),
    ]) {
      expect(isDeepStrictEqual(again(value), value)).toBe(true)
    }
  })
})

test('an object is shared among however many', () => {
  const value = [...Array.from({ length: 100 }, (_, i) => ({ i })), shared, { shared }, new Set([shared])]
  const bytes = codec.encode(value).slice()
  const result = codec.decode(bytes, 0, bytes.length) as [unknown, { shared: unknown }]
  expect(result).toStrictEqual(value)
  expect((result.at(-2) as { shared: unknown }).shared).toBe(result.at(-3))
  expect([...(result.at(-1) as Set<unknown>)][0]).toBe(result.at(-3))
})
