import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { WireReader, WireWriter, varintBytes } from '../../runtime/node/kafka/wire/bytes.ts'
import { crc32c } from '../../runtime/node/kafka/wire/crc32c.ts'
import { murmur2, partitionOf } from '../../runtime/node/kafka/wire/murmur2.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The vectors of the Java client's own test. */
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s is that of the Java client', (text, hash) => {
  expect(murmur2(bytes(text), 0, text.length)).toBe(hash)
  expect(murmur2(bytes(`--${text}-`), 2, 2 + text.length)).toBe(hash)
  expect(partitionOf(bytes(text), 0, text.length, 1_000)).toBe((hash & 0x7fffffff) % 1_000)
})

/** RFC 3720, B.4. */
test.each([
  ['32 zero bytes', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 bytes that count', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['nine digits', bytes('123456789'), 0xe3069283],
])('crc32c of %s', (_, data, sum) => {
  expect(crc32c(data, 0, data.length)).toBe(sum)
})

/** Bit by bit, as it is defined. */
function slowCrc32c(data: Uint8Array): number {
  let sum = -1
  for (const byte of data) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1
  }
  return ~sum >>> 0
}

test.prop([fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(20)])(
  'crc32c of any part of any bytes',
  (data, before, after) => {
    const [start, end] = [Math.min(before, data.length), Math.max(data.length - after, Math.min(before, data.length))]
    expect(crc32c(data, start, end)).toBe(slowCrc32c(data.subarray(start, end)))
  },
)

describe('numbers on the wire', () => {
  const anySize = fc
    .integer({ min: 1, max: 52 })
    .chain((bits) => fc.maxSafeInteger().map((value) => (value % 2 ** bits) + 0))

  test.prop([anySize], { numRuns: 1_000 })('are read as written', (value) => {
    const writer = new WireWriter(1)
    writer.varint(value)
    expect(writer.length).toBe(varintBytes(value))
    writer.int64(value)
    const reader = new WireReader(writer.bytes)
    expect([reader.varint(), reader.int64()]).toEqual([value, value])
  })

  test('and texts are read as written, however often the buffer grows', () => {
    const writer = new WireWriter(1)
    for (let i = 0; i < 100; i++) {
      writer.int8(i)
      writer.int16(-1 - i)
      writer.int32(i * 1_000)
      writer.text('ä'.repeat(i))
      writer.raw(bytes('0123456789'.repeat(i)), 1, 1 + i)
    }
    const reader = new WireReader(writer.bytes)
    for (let i = 0; i < 100; i++) {
      expect([reader.int8(), reader.int16(), reader.int32(), reader.text()]).toEqual([
        i,
        -1 - i,
        i * 1_000,
        'ä'.repeat(i),
      ])
      expect(reader.bytes.toString('latin1', reader.at, (reader.at += i))).toBe('0123456789'.repeat(i).slice(1, 1 + i))
    }
  })
})
