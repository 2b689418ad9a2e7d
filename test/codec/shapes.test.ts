import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { createCodec } from '../../runtime/codec/codec.ts'
import { difference } from './same.ts'

/** Objects that begin alike, so that what was learnt of one is tried on the other. */
const like = fc.oneof(
  fc.constantFrom<object>(
    { id: 1, name: 'a' },
    { id: 1, nama: 'a' },
    { id: 2, inner: { id: 3, inner: { id: 4, name: 'b' } } },
    { id: 2, inner: { id: 3, inner: { id: 4, nama: 'b' } } },
    { name: 'a', id: 1 },
    { id: undefined, 'two words': -0 },
    { id: 0, '"quoted" \\ \u2028': null },
    { 1: 'one', 0: 'zero' },
    { é: 1, 'e\u0301': 2 },
    { constructor: 1, toString: 2 },
    { ['n'.repeat(40)]: 1, b: 2 },
    {},
  ),
  fc.record({ id: fc.integer(), name: fc.string() }, { requiredKeys: ['id'], noNullPrototype: true }),
)

describe('objects of a few shapes, again and again', () => {
  test.prop([fc.array(fc.tuple(like, fc.integer({ min: 1, max: 40 })), { maxLength: 30 })])(
    'come back as they were',
    (runs) => {
      const codec = createCodec()
      for (const [value, times] of runs) {
        const alone = codec.encode(value).slice()
        const list = codec.encode(Array.from({ length: times }, () => structuredClone(value))).slice()
        for (let i = 0; i < times; i++) expect(difference(value, codec.decode(alone, 0, alone.length))).toBeUndefined()
        expect(codec.decode(list, 0, list.length)).toStrictEqual(Array.from({ length: times }, () => value))
      }
    },
  )

  test('are fresh objects each time', () => {
    const codec = createCodec()
    const bytes = codec.encode({ id: 1, tags: ['a'] }).slice()
    const results = Array.from(
      { length: 40 },
      () => codec.decode(bytes, 0, bytes.length) as { id: number; tags: string[] },
    )
    for (const result of results) {
      result.id += 1
      result.tags.push('b')
    }
    expect(results).toStrictEqual(Array.from({ length: 40 }, () => ({ id: 2, tags: ['a', 'b'] })))
  })

  test('a name that would replace the prototype is refused, however often', () => {
    const codec = createCodec()
    const bytes = Buffer.from('82a16101a95f5f70726f746f5f5f80', 'hex') // { a: 1, __proto__: {} }
    for (let i = 0; i < 40; i++)
      expect(() => codec.decode(bytes, 0, bytes.length)).toThrow('would replace the prototype')
  })

  test('deep objects that differ at their last name are not read over and over', () => {
    const codec = createCodec()
    const chain = (last: string): object => {
      let value: object = { [last]: 0 }
      for (let i = 0; i < 150; i++)
        value = { [`${String.fromCharCode(97 + (i % 26))}${'x'.repeat(i % 20)}`]: value, [last]: i }
      return value
    }
    for (const last of ['y', 'z', 'y', 'z']) {
      const bytes = codec.encode(chain(last)).slice()
      for (let i = 0; i < 40; i++) expect(codec.decode(bytes, 0, bytes.length)).toStrictEqual(chain(last))
    }
  })
})
