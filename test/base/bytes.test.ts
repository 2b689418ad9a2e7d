import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'

const text = fc.string({ unit: 'binary', maxLength: 200 }).filter((value) => value.isWellFormed())

const isNat = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0) && value >= 0

describe('ByteWriter and ByteReader', () => {
  test.prop([
    fc.array(fc.oneof(fc.maxSafeNat(), fc.double(), text, fc.uint8Array({ maxLength: 300 })), { maxLength: 40 }),
  ])('read back what was written', (values) => {
    const out = new ByteWriter(1)
    for (const value of values) {
      if (typeof value === 'string') out.text(value)
      else if (typeof value !== 'number') out.block(value)
      else if (isNat(value)) out.varint(value)
      else out.f64(value)
    }
    const reader = new ByteReader(out.copy())
    for (const value of values) {
      if (typeof value === 'string') expect(reader.text()).toBe(value)
      else if (typeof value === 'number') expect(isNat(value) ? reader.varint() : reader.f64()).toBe(value)
      else expect([...reader.block()]).toEqual([...value])
    }
    expect(reader.done).toBe(true)
  })

  test.prop([text])('writes text as UTF-8', (value) => {
    const out = new ByteWriter(1)
    const start = out.sizedText(value)
    expect(Buffer.from(out.bytes.subarray(start, out.length)).toString('utf8')).toBe(value)
  })

  test.prop([fc.uint8Array({ maxLength: 20 })])('never reads past the end', (bytes) => {
    const reader = new ByteReader(bytes)
    expect(() => {
      for (;;) reader.block()
    }).toThrow(RangeError)
  })
})

test('a text may be long, whatever its letters', () => {
  for (const text of ['a'.repeat(300_001), 'ä'.repeat(300_001), '😀'.repeat(100_003)]) {
    const out = new ByteWriter()
    out.text(text)
    expect(new ByteReader(out.copy()).text() === text).toBe(true)
  }
})
