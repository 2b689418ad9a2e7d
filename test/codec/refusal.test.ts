import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { createCodec } from '../../runtime/codec/codec.ts'
import { maxDepth } from '../../runtime/codec/format.ts'
import { UnencodableError } from '../../runtime/shard/codec.ts'
import { leaf } from './data.ts'
import { difference } from './same.ts'

const codec = createCodec()

function refused(value: unknown): UnencodableError {
  try {
    codec.encode(value)
  } catch (error) {
    if (error instanceof UnencodableError) return error
    throw error
  }
  throw new Error('it was accepted')
}

class Cart {
  items: string[] = []
  add(item: string): void {
    this.items.push(item)
  }
}
const holes: unknown[] = [1]
holes[2] = 3
const circle: { self?: unknown; list: unknown[] } = { list: [] }
circle.list.push(circle)

describe('what is no data is named, with the way to it', () => {
  test.each<[path: string, what: string, value: unknown]>([
    ['value.next', 'a function', { next: () => 1 }],
    ['value', 'a function', () => 1],
    ['value.items[1].tag', 'a symbol', { items: [{}, { tag: Symbol('x') }] }],
    ['value.later', 'a Promise', { later: Promise.resolve(1) }],
    ['value.cart', 'an instance of Cart', { cart: new Cart() }],
    ['value.made', 'an object that inherits from another', { made: Object.create({ inherited: 1 }) as object }],
    ['value.weak', 'an instance of WeakMap', { weak: new WeakMap() }],
    ['value.pattern', 'an instance of RegExp', { pattern: /x/ }],
    ['value.wrong', 'an instance of Error', { wrong: new Error('e') }],
    ['value.boxed', 'an instance of String', { boxed: Object('text') as object }],
    ['value', 'an object of a class of its own', new (class extends Array<number> {})()],
    ['value', 'an instance of Bytes', new (class Bytes extends Uint8Array {})(2)],
    ['value.a.__proto__', 'a property that would replace the prototype', JSON.parse('{"a": {"__proto__": 1}}')],
    ['value[1]', 'a hole in a list', holes],
    ['value.found', 'a list with named properties (copy it: [...list])', { found: /b(c)/.exec('abc') }],
    ['value[1]', 'a text with half a surrogate pair', ['fine', 'half \ud83d']],
    ['value', 'a text with half a surrogate pair', `${'long '.repeat(100)}\udc00`],
    ['value["half \\udc00 a name"]', 'a name with half a surrogate pair', { 'half \udc00 a name': 1 }],
    ['value.list[0]', 'part of a circle (it is inside itself)', circle],
    ['value.get("ann").age', 'a function', new Map([['ann', { age: () => 1 }]])],
    ['value.keys()[0].id', 'a symbol', new Map([[{ id: Symbol('x') }, 1]])],
    ['value.tags.values()[1]', 'a symbol', { tags: new Set(['a', Symbol('x')]) }],
    ['value["two words"]["1st"]', 'an instance of Cart', { 'two words': { '1st': new Cart() } }],
    ['value.map', 'not readable', { map: Object.create(Map.prototype) as object }],
    ['value.date', 'not readable', { date: Object.create(Date.prototype) as object }],
    [
      'value.broken',
      'not readable (on purpose)',
      {
        get broken(): number {
          throw new Error('on purpose')
        },
      },
    ],
  ])('%s is %s', (path, what, value) => {
    const error = refused(value)
    expect([error.path, error.what.slice(0, what.length)]).toEqual([path, what])
  })

  test('a chain that is too long', () => {
    let chain: object = {}
    for (let i = 1; i < maxDepth; i++) chain = { next: chain }
    const longest = codec.encode(chain)
    expect(difference(chain, codec.decode(longest, 0, longest.length))).toBeUndefined()
    const error = refused({ next: chain })
    expect(error.what).toBe(`nested deeper than ${maxDepth} levels`)
    expect(error.path).toMatch(/^value(\.next){11} \.\.\. (\.next)+$/)
    expect(error.path.length).toBeLessThan(130)
    const far = refused(Array.from({ length: 100_000 }).reduce((inner) => [inner], []))
    expect(far.what).toBe(`nested deeper than ${maxDepth} levels`)
  })

  const step = fc.oneof(
    fc
      .constantFrom('a', 'name', '$x')
      .map((name) => [`.${name}`, (inner: unknown, other: unknown) => ({ other, [name]: inner })] as const),
    fc
      .nat(4)
      .map(
        (at) =>
          [`[${at}]`, (inner: unknown, other: unknown) => [...Array.from({ length: at }, () => other), inner]] as const,
      ),
    fc.constant(['.get("k")', (inner: unknown, other: unknown) => new Map([['other', other], ['k', inner]])] as const), // biome-ignore format: a pair a line says less
    fc.constant(['.values()[1]', (inner: unknown) => new Set([0, inner])] as const),
  )
  test.prop([
    fc.array(step, { maxLength: 8 }),
    fc.constantFrom<unknown>(() => 1, Symbol('x'), new Cart(), '\ud800'),
    leaf,
  ])('wherever it is', (steps, bad, other) => {
    fc.pre(!(typeof other === 'object' && other !== null))
    const value = steps.reduceRight<unknown>((inner, [, wrap]) => wrap(inner, other), bad)
    expect(refused(value).path).toBe(`value${steps.map(([text]) => text).join('')}`)
  })
})

test('a refusal leaves no trace', () => {
  const before = codec.encode({ a: [1, { b: 2 }] }).slice()
  refused(circle)
  refused({ deep: { deeper: [Symbol('x')] } })
  expect(codec.encode({ a: [1, { b: 2 }] })).toEqual(before)
})

test('a getter may encode something itself', () => {
  const value = {
    first: 'one',
    get second() {
      return codec.encode({ inner: true }).length
    },
  }
  const bytes = codec.encode(value).slice()
  expect(codec.decode(bytes, 0, bytes.length)).toEqual({ first: 'one', second: codec.encode({ inner: true }).length })
})

test('what a copy would not show is not kept', () => {
  const value = Object.assign(Object.defineProperty({ kept: 1 }, 'hidden', { value: 2 }), { [Symbol('s')]: 3 })
  const bytes = codec.encode(value).slice()
  expect(codec.decode(bytes, 0, bytes.length)).toStrictEqual({ kept: 1 })
})
