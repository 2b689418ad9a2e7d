import { fc, test } from '@fast-check/vitest'
import { unpack } from 'msgpackr'
import { describe, expect } from 'vitest'
import { createCodec } from '../../runtime/codec/codec.ts'
import { UnencodableError } from '../../runtime/shard/codec.ts'
import { data } from './data.ts'
import { difference } from './same.ts'

const codec = createCodec()
const encoded = (value: unknown): Uint8Array => codec.encode(value).slice()
const decoded = (bytes: Uint8Array): unknown => codec.decode(bytes, 0, bytes.length)

describe('data', () => {
  test.prop([data], { numRuns: 1_000 })('comes back as it was', (value) => {
    expect(difference(value, decoded(encoded(value)))).toBeUndefined()
  })

  test.prop([data, data])('has one form in bytes, whatever was encoded before', (value, other) => {
    const bytes = encoded(value)
    encoded(other)
    expect(encoded(value)).toEqual(bytes)
    expect(encoded(decoded(bytes))).toEqual(bytes)
    expect(createCodec().encode(value)).toEqual(bytes)
  })

  test.prop([data, fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 })])(
    'is read from the middle of a buffer',
    (value, before, after) => {
      const bytes = encoded(value)
      const buffer = Uint8Array.from([...before, ...bytes, ...after])
      expect(difference(value, codec.decode(buffer, before.length, before.length + bytes.length))).toBeUndefined()
    },
  )

  test.prop([data])('shares nothing with its bytes', (value) => {
    const bytes = encoded(value)
    const result = decoded(bytes)
    bytes.fill(0xc1)
    expect(difference(value, result)).toBeUndefined()
  })

  test.prop([fc.jsonValue({ noUnicodeString: false })])('of JSON is plain MessagePack', (value) => {
    fc.pre(!JSON.stringify(value).includes('__proto__') && JSON.stringify(value).isWellFormed())
    // Where an object occurs twice our bytes refer to it, which plain MessagePack cannot.
    const bytes = encoded(JSON.parse(JSON.stringify(value)))
    expect(unpack(bytes)).toEqual(JSON.parse(JSON.stringify(value)))
  })
})

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: false,
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString')),
  values: [
    fc.constantFrom<unknown>(
      Symbol('s'),
      () => 1,
      Promise.resolve(1),
      new WeakMap(),
      /x/,
      new Error('e'),
      new URL('http://a.b'),
      -0,
      '\ud800',
      'a\udc00b',
    ),
    fc.string(),
    fc.double(),
    fc.constant(undefined),
  ],
})

test.prop([anything], { numRuns: 1_000 })('junk is refused with a path, or comes back as it was', (value) => {
  let bytes: Uint8Array
  try {
    bytes = encoded(value)
  } catch (error) {
    expect(error).toBeInstanceOf(UnencodableError)
    const { path, what, message } = error as UnencodableError
    expect(path).toMatch(/^value/)
    expect(message).toBe(`${path} is ${what}, and only data can be kept or sent`)
    return
  }
  expect(difference(value, decoded(bytes))).toBeUndefined()
})

describe('bytes that are none of ours', () => {
  test.prop([data, fc.nat()])('are refused when they are cut off', (value, at) => {
    const bytes = encoded(value)
    const cut = bytes.subarray(0, at % bytes.length)
    expect(() => decoded(cut)).toThrow(RangeError)
  })

  test.prop([data, fc.uint8Array({ minLength: 1, maxLength: 3 })])(
    'are refused when something follows',
    (value, more) => {
      expect(() => decoded(Uint8Array.from([...encoded(value), ...more]))).toThrow(RangeError)
    },
  )

  test.prop(
    [
      fc.oneof(
        fc.uint8Array(),
        data
          .map(encoded)
          .chain((bytes) => fc.tuple(fc.constant(bytes), fc.nat(), fc.nat(255)))
          .map(([bytes, at, byte]) => bytes.with(at % bytes.length, byte)),
      ),
    ],
    { numRuns: 1_000 },
  )('give a value or a RangeError', (bytes) => {
    try {
      decoded(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
    }
  })
})
