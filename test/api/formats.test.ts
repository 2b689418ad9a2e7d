import { deadLetters, json, msgpack, text } from 'millrace'
import type { DeadLetter, Format } from 'millrace'
import { unpack } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sinkOf } from '../../api/end-definition.ts'
import { createCodec } from '../../runtime/codec/codec.ts'

const bytes = (value: Uint8Array | string): Uint8Array =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value
const again = <T>(format: Format<T>, value: T): T => format.decode(bytes(format.encode(value)))

describe('json', () => {
  const Quote = z.object({ symbol: z.string(), bid: z.number() })
  const quote = { symbol: 'AAPL', bid: 1.5 }

  test('is checked by a schema or shaped by a function', () => {
    expect(again(json(Quote), quote)).toEqual(quote)
    expect(
      again(
        json((raw) => raw as typeof quote),
        quote,
      ),
    ).toEqual(quote)
    expect(json((raw) => (raw as { bid: number }).bid).decode(bytes('{"bid":2}'))).toBe(2)
    expect(json(Quote).decode(bytes('\uFEFF{"symbol":"A","bid":1}'))).toEqual({ symbol: 'A', bid: 1 })
  })

  test('says what is wrong with a record', () => {
    expect(() => json(Quote).decode(bytes('{"symbol":"A","bid":"x"}'))).toThrow(/^bid: .*number/)
    expect(() => json(Quote).decode(bytes('7'))).toThrow(/object/)
    expect(() => json(Quote).decode(bytes('{'))).toThrow(SyntaxError)
    expect(() => json(z.string().refine(async () => false)).decode(bytes('"x"'))).toThrow(/async/i)
    expect(() => json((raw) => raw as unknown).encode(undefined)).toThrow('a undefined has no form in JSON')
  })
})

test('text is kept to the letter', () => {
  for (const value of ['', 'plain', '\uFEFFmark', '\u{1F40E} horses']) expect(again(text, value)).toBe(value)
})

describe('msgpack', () => {
  type Row = { id: bigint | number; pixels: Uint8Array; tags: (string | null)[] }
  const rows = msgpack((raw) => raw as Row)
  const row: Row = { id: 12n ** 15n, pixels: new Uint8Array([1, 2, 3]), tags: ['a', null] }

  test('is the plain one, that others read', () => {
    expect(again(rows, row)).toEqual(row)
    expect(again(rows, { ...row, id: 2 ** 40 }).id).toBe(2 ** 40)
    expect(unpack(bytes(rows.encode({ ...row, id: 1 })))).toEqual({ ...row, id: 1 })
  })

  test('shares no bytes with the record', () => {
    const record = Uint8Array.from(bytes(rows.encode(row)))
    const { pixels } = rows.decode(record)
    record.fill(0)
    expect(pixels).toEqual(new Uint8Array([1, 2, 3]))
  })

  test('gives bytes that the next call leaves alone', () => {
    const first = bytes(rows.encode(row))
    const copy = first.slice()
    rows.encode({ ...row, tags: ['other', 'tags'] })
    expect(first).toEqual(copy)
  })
})

test('a dead letter is a line that people can read', () => {
  const codec = createCodec()
  const letter: DeadLetter = {
    code: 'MR_HANDLER_FAILED',
    error: 'Error: no',
    where: 'bank.ts:3:1',
    timeMs: 5,
    format: 'message',
    message: codec.encode({ to: 'bob', amount: 3n, tags: new Set(['x']) }).slice(),
    entity: 'account',
    key: 'alice',
  }
  const { encode } = sinkOf(deadLetters)!
  const shown = (value: DeadLetter): unknown => (JSON.parse(encode(value) as string) as { message: unknown }).message
  expect(JSON.parse(encode(letter) as string)).toMatchObject({
    entity: 'account',
    message: { to: 'bob', amount: '3', tags: ['x'] },
  })
  expect(shown({ ...letter, format: 'record', message: bytes('{"not": json') })).toBe('{"not": json')
  expect(shown({ ...letter, format: 'record', message: new Uint8Array([0xff]) })).toEqual({ base64: '/w==' })
})
