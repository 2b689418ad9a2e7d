import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { FileProof } from '../../runtime/node/files/byte-window.ts'
import { createCutter } from '../../runtime/node/files/create-cutter.ts'
import type { Framing } from '../../runtime/node/files/framing.ts'
import { recordsOf } from '../../runtime/ports/contracts/source-reading.ts'
import { bytes, framed, framings, recordsFor, text } from './support/framed.ts'

interface Cutting {
  readonly records: { readonly offset: number; readonly text: string }[]
  readonly positions: { readonly next: number; readonly proof: string; readonly count: number }[]
  readonly failed: string | undefined
}

interface Chunks {
  /** Sizes of the chunks, used in turn, and how much headroom each has. */
  readonly sizes: readonly number[]
  readonly headrooms: readonly number[]
  readonly maxRecords: number
  readonly maxRecordBytes?: number
}

const chunks: fc.Arbitrary<Chunks> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }),
  headrooms: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 8 }),
  maxRecords: fc.integer({ min: 1, max: 12 }),
})

/** Feeds `content` from `position` on in pieces, as a reader would. */
function cutAll(
  framing: Framing,
  content: Uint8Array,
  pieces: Chunks,
  position: number = 0,
  ends: boolean = true,
): Cutting {
  const proof = new FileProof()
  proof.push(content, 0, position)
  const cutter = createCutter(framing, {
    name: 'the test',
    position,
    proof,
    maxRecordBytes: pieces.maxRecordBytes ?? 1 << 20,
    afterUnterminated: false,
  })
  const result: Cutting = { records: [], positions: [], failed: undefined }
  const kept: { seen: string; read: () => string }[] = []
  const take = (finish: boolean): boolean => {
    const batch = finish ? cutter.finish() : cutter.cut(pieces.maxRecords)
    if (batch === undefined) return false
    result.records.push(...recordsOf(batch).map(({ offset, bytes }) => ({ offset, text: text(bytes) })))
    result.positions.push({ next: batch.next, proof: batch.proof, count: result.records.length })
    const read = (): string =>
      recordsOf(batch)
        .map((record) => text(record.bytes))
        .join('|')
    kept.push({ seen: read(), read })
    return true
  }
  for (let at = position, i = 0; at < content.length; i++) {
    const size = Math.min(pieces.sizes[i % pieces.sizes.length]!, content.length - at)
    const headroom = pieces.headrooms[i % pieces.headrooms.length]!
    // Behind the end there may be anything: here, what would be records.
    const buffer = new Uint8Array(headroom + size + 9).fill(10)
    buffer.set(content.subarray(at, at + size), headroom)
    cutter.feed(buffer, headroom, headroom + size)
    while (take(false));
    at += size
  }
  if (ends) while (take(true));
  for (const { seen, read } of kept) expect(read()).toBe(seen)
  return { ...result, failed: cutter.failed?.code }
}

describe.each(framings)('framing %s', (framing) => {
  test.prop([recordsFor(framing), chunks])('gives what was written, however it comes in', (records, pieces) => {
    const cutting = cutAll(framing, framed(framing, records), pieces)
    expect(cutting.records.map((record) => record.text)).toEqual(records.map(text))
    expect(cutting.failed).toBeUndefined()
  })

  test.prop([recordsFor(framing), chunks, chunks])(
    'offsets and proofs do not depend on the pieces',
    (records, one, other) => {
      const content = framed(framing, records)
      const first = cutAll(framing, content, { ...one, maxRecords: 1 })
      const second = cutAll(framing, content, { ...other, maxRecords: 1 })
      expect(second).toEqual(first)
    },
  )

  test.prop([recordsFor(framing), chunks, chunks])('goes on at every position and offset', (records, one, other) => {
    const content = framed(framing, records)
    const all = cutAll(framing, content, one)
    for (const { next, count } of all.positions) {
      const rest = cutAll(framing, content, other, next)
      expect(rest.records).toEqual(all.records.slice(count))
      expect(rest.positions.at(-1)?.proof).toBe(count < all.records.length ? all.positions.at(-1)!.proof : undefined)
    }
    for (const [i, { offset }] of all.records.entries()) {
      expect(cutAll(framing, content, other, offset).records).toEqual(all.records.slice(i))
    }
  })
})

describe('lines', () => {
  const whole: Chunks = { sizes: [1_000], headrooms: [0], maxRecords: 100 }
  const linesOf = (content: string, pieces: Chunks = whole): string[] =>
    cutAll('lines', bytes(content), pieces).records.map((record) => record.text)

  test('LF and CRLF end a line; a CR elsewhere belongs to it', () => {
    expect(linesOf('a\r\nb\nc\rd\r\r\n\r\n\n')).toEqual(['a', 'b', 'c\rd\r', '', ''])
  })

  test('a last line without a line break is a record at the end', () => {
    expect(linesOf('a\nb')).toEqual(['a', 'b'])
    expect(linesOf('a\nb\r')).toEqual(['a', 'b'])
    expect(cutAll('lines', bytes('a\nb'), whole, 0, false).records).toEqual([{ offset: 0, text: 'a' }])
  })

  test('from the middle of a line it goes on with the next one', () => {
    const content = bytes('first\nsecond\r\nthird')
    for (const [position, expected] of [
      [1, ['second', 'third']],
      [6, ['second', 'third']],
      [7, ['third']],
      [13, ['third']],
      [15, []],
    ] as const) {
      expect(cutAll('lines', content, whole, position).records.map((record) => record.text)).toEqual(expected)
    }
  })

  test.prop([fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 }), chunks, fc.boolean()])(
    'a line above the limit is a record of its first limit + 1 bytes, and costs no more memory than that',
    (lengths, pieces, terminated) => {
      const lines = lengths.map((length, i) => String.fromCharCode(97 + i).repeat(length))
      const content = bytes(lines.join('\r\n') + (terminated ? '\r\n' : ''))
      const cutting = cutAll('lines', content, { ...pieces, maxRecordBytes: 10 })
      const expected = lines.map((line) => line.slice(0, 11))
      if (!terminated && expected.at(-1) === '') expected.pop()
      if (lines.length === 0 && terminated) expected.push('')
      expect(cutting.records.map((record) => record.text)).toEqual(expected)
      const last = cutting.positions.at(-1)
      if (last !== undefined) expect(last.next).toBe(content.length)
    },
  )

  test('a line that never ends is not held', () => {
    const proof = new FileProof()
    const cutter = createCutter('lines', {
      name: 'the test',
      position: 0,
      proof,
      maxRecordBytes: 1_000,
      afterUnterminated: false,
    })
    const largest: number[] = []
    for (let i = 0; i < 50; i++) {
      const chunk = new Uint8Array(700).fill(65)
      cutter.feed(chunk, 0, chunk.length)
      expect(cutter.cut(10)).toBeUndefined()
      largest.push(cutter.fed - cutter.position)
    }
    expect(Math.max(...largest)).toBe(700)
    const batch = cutter.finish()!
    expect([batch.count, batch.ends[0], batch.next]).toEqual([1, 1_001, 35_000])
  })
})

describe('frames', () => {
  const whole: Chunks = { sizes: [1_000], headrooms: [0], maxRecords: 100 }

  test.prop([fc.constantFrom<Framing>('u16', 'u32'), recordsFor('u32'), chunks, fc.nat(30)])(
    'a stream that ends inside a record is broken there, after the records before it',
    (framing, records, pieces, cut) => {
      const content = framed(framing, [...records, new Uint8Array(31)])
      const cutting = cutAll(framing, content.subarray(0, content.length - 1 - cut), pieces)
      expect(cutting.records.map((record) => record.text)).toEqual(records.map(text))
      expect(cutting.failed).toBe('MR_FRAMING_BROKEN')
    },
  )

  test('a length above the limit is broken, with its byte offset', () => {
    const cutter = createCutter('u32', {
      name: 'orders.msg',
      position: 100,
      proof: new FileProof(),
      maxRecordBytes: 9,
      afterUnterminated: false,
    })
    const content = framed('u32', [bytes('123456789'), bytes('1234567890')])
    cutter.feed(content, 0, content.length)
    expect(cutter.cut(10)!.count).toBe(1)
    expect(cutter.cut(10)).toBeUndefined()
    expect(cutter.failed!.code).toBe('MR_FRAMING_BROKEN')
    expect(cutter.failed!.message).toContain(
      'at byte 113 of orders.msg a record of 10 bytes, more than 9, is announced',
    )
  })

  test('a length of 4 GiB is a length, not a negative number', () => {
    const cutting = cutAll('u32', bytes('\xff\xff\xff\xffabc'), whole)
    expect(cutting).toEqual({ records: [], positions: [], failed: 'MR_FRAMING_BROKEN' })
  })
})
