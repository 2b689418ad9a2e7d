import { fc } from '@fast-check/vitest'

/** Everything that the codec keeps. */
const number = fc.oneof(
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER, 2 ** 53, 5e-324),
  fc.integer(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.integer({ min: -200, max: 300 }),
  fc.double(),
)
const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.bigInt({ min: -(2n ** 700n), max: 2n ** 700n }),
  fc.constantFrom(0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n - 1n, 2n ** 64n),
)
const word = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '\uFEFF mark',
    `\uFEFF${'x'.repeat(100)}`,
    '\0',
    'é'.repeat(20),
    'x'.repeat(31),
    'x'.repeat(32),
    'x'.repeat(3_000),
  ),
)
const date = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(new Date(-0), new Date(8.64e15), new Date(-8.64e15)),
)

const bytes = fc.uint8Array({ maxLength: 300 })
/** Views into the middle of a larger buffer. */
const view: fc.Arbitrary<object> = fc.tuple(bytes, fc.nat(3), fc.nat(13)).map(([content, skip, kind]) => {
  const room = new Uint8Array(content.length + skip * 8 + 8)
  room.set(content, skip * 8)
  const size = content.length & ~7
  const at = skip * 8
  const { buffer } = room
  const count = size / 8
  const kinds: (() => object)[] = [
    () => new Int8Array(buffer, at, size),
    () => new Uint8Array(buffer, at, content.length),
    () => new Uint8ClampedArray(buffer, at, size),
    () => new Int16Array(buffer, at, count),
    () => new Uint16Array(buffer, at, count),
    () => new Int32Array(buffer, at, count),
    () => new Uint32Array(buffer, at, count),
    () => new Float32Array(buffer, at, count),
    () => new Float64Array(buffer, at, count),
    () => new BigInt64Array(buffer, at, count),
    () => new BigUint64Array(buffer, at, count),
    () => buffer,
    () => new DataView(buffer, at, size),
    () => Buffer.from(buffer, at, size),
  ]
  return kinds[kind]!()
})

const name = fc
  .oneof(
    word,
    fc.constantFrom('a', 'b', 'id', '0', '7', 'constructor', 'toString', 'toJSON', 'hasOwnProperty', 'length'),
  )
  .filter((name) => name !== '__proto__')

export const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  number,
  bigint,
  word,
  date,
  view,
)

export const data: fc.Arbitrary<unknown> = fc.letrec<{ data: unknown }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc.array(tie('data'), { maxLength: 5 }),
    fc.array(number, { maxLength: 40 }),
    fc.dictionary(name, tie('data'), { maxKeys: 5 }),
    fc.dictionary(name, number, { minKeys: 14, maxKeys: 20 }),
    fc.array(fc.tuple(tie('data'), tie('data')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('data'), { maxLength: 4 }).map((members) => new Set(members)),
    // The same object several times, at different depths.
    tie('data').map((shared) => [shared, { shared }, new Map([[shared, shared]])]),
  ),
})).data
