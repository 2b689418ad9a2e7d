import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { avroLanguage } from '../../runtime/node/registry/avro.ts'
import { protobufLanguage } from '../../runtime/node/registry/protobuf.ts'
import { type SchemaLanguage, SubjectFormat } from '../../runtime/node/registry/subject-format.ts'
import { SchemaRegistry } from '../support/schema-registry.ts'

let registry: SchemaRegistry
beforeAll(async () => {
  registry = await SchemaRegistry.start()
})
afterAll(() => registry[Symbol.asyncDispose]())

function formatOf(subject: string, language: SchemaLanguage): SubjectFormat {
  return new SubjectFormat({ registry: { url: registry.url }, subject, register: true }, language)
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const person = JSON.stringify({
  type: 'record',
  name: 'Person',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'age', type: 'int' },
  ],
})

describe('Avro', () => {
  test('is a zero, the id, and the value as the specification says', async () => {
    const format = formatOf('people', avroLanguage(person))
    await format.prepareWriting()
    await format.prepareReading()
    const id = hex(unhex('00')) + registry.register('people', { schema: person }).toString(16).padStart(8, '0')
    const bytes = format.encode({ name: 'ann', age: 7 })
    expect(hex(bytes)).toBe(`${id}06616e6e0e`)
    expect(format.decode(bytes)).toStrictEqual({ name: 'ann', age: 7 })
  })

  test('what was written with an older schema is read as the one that was asked for, and plain data', async () => {
    const newer = {
      type: 'record',
      name: 'Person',
      fields: [
        { name: 'age', type: 'long' },
        { name: 'nick', type: ['null', 'string'], default: null },
        { name: 'photo', type: 'bytes', default: 'ÿ' },
        { name: 'pets', type: { type: 'map', values: 'int' }, default: {} },
      ],
    }
    const older = formatOf('evolving', avroLanguage(person))
    await older.prepareWriting()
    const format = formatOf('evolving', avroLanguage(JSON.stringify(newer)))
    await format.prepareReading()
    const read = format.decode(older.encode({ name: 'ann', age: 7 }))
    expect(read).toStrictEqual({ age: 7, nick: null, photo: new Uint8Array([255]), pets: {} })
    await format.prepareWriting()
    await format.look(() => true)
    const whole = { age: 8, nick: 'a', photo: new Uint8Array([1, 2]), pets: { cat: 3 } }
    expect(format.decode(format.encode(whole))).toStrictEqual(whole)
  })

  test('a whole number that would not be exact is refused', async () => {
    const format = formatOf('longs', avroLanguage('"long"'))
    await format.prepareWriting()
    await format.prepareReading()
    const head = hex(format.encode(1).subarray(0, 5))
    expect(() => format.decode(unhex(`${head} 80808080808080808001`))).toThrow('precision')
    expect(format.decode(format.encode(2 ** 52))).toBe(2 ** 52)
  })

  test('schemas that refer to others', async () => {
    const sku = { type: 'record', name: 'Sku', fields: [{ name: 'code', type: 'string' }] }
    const order = { type: 'record', name: 'Order', fields: [{ name: 'sku', type: 'Sku' }] }
    registry.register('skus', { schema: JSON.stringify(sku) })
    const references = [{ name: 'Sku', subject: 'skus', version: 1 }]
    const id = registry.register('orders', { schema: JSON.stringify(order), references })
    const format = formatOf('orders', avroLanguage(undefined))
    await format.prepareReading()
    expect(format.decode(unhex(`00 ${id.toString(16).padStart(8, '0')} 04 6161`))).toStrictEqual({
      sku: { code: 'aa' },
    })
  })
})

const shop = `
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Customer { string name = 1; }
message Order {
  enum State { OPEN = 0; PAID = 1; }
  message Line { string sku = 1; }
  int64 cents = 1;
  State state = 2;
  repeated Line lines = 3;
  google.protobuf.Timestamp at = 4;
}`

describe('Protobuf', () => {
  test.each([
    ['shop.Customer', { name: 'ann' }, '00', '0a03616e6e'],
    ['shop.Order.Line', { sku: 'aa' }, '040200', '0a026161'],
  ])('%s is a zero, the id, its places in the file, and the message', async (message, value, places, content) => {
    const format = formatOf('shop', protobufLanguage({ schema: shop, message }))
    await format.prepareWriting()
    await format.prepareReading()
    const id = registry.register('shop', { schema: shop, schemaType: 'PROTOBUF' })
    const bytes = format.encode(value)
    expect(hex(bytes)).toBe(`00${id.toString(16).padStart(8, '0')}${places}${content}`)
    expect(format.decode(bytes)).toStrictEqual(value)
  })

  test('becomes plain data: whole numbers of 64 bits stay exact, enumerations are names', async () => {
    const format = formatOf('shop', protobufLanguage({ schema: shop, message: 'shop.Order' }))
    await format.prepareWriting()
    await format.prepareReading()
    const order = { cents: 2n ** 60n, state: 'PAID', lines: [{ sku: 'a' }], at: { seconds: 5n, nanos: 0 } }
    expect(format.decode(format.encode(order))).toStrictEqual(order)
  })

  test('schemas that refer to others', async () => {
    registry.register('sku.proto', {
      schema: 'syntax = "proto3"; message Sku { string code = 1; }',
      schemaType: 'PROTOBUF',
    })
    const id = registry.register('referring', {
      schema: 'syntax = "proto3"; import "sku.proto"; message Order { Sku sku = 1; }',
      schemaType: 'PROTOBUF',
      references: [{ name: 'sku.proto', subject: 'sku.proto', version: 1 }],
    })
    const format = formatOf('referring', protobufLanguage(undefined))
    await format.prepareReading()
    expect(format.decode(unhex(`00 ${id.toString(16).padStart(8, '0')} 00 0a04 0a026161`))).toStrictEqual({
      sku: { code: 'aa' },
    })
  })
})

describe('what cannot be right', () => {
  test('a record that names no schema, one of another subject, or that is not whole', async () => {
    const format = formatOf('people', avroLanguage(person))
    await format.prepareWriting()
    await format.prepareReading()
    const bytes = format.encode({ name: 'ann', age: 7 })
    expect(() => format.decode(unhex('7b7d'))).toThrow('does not begin with the id')
    expect(() => format.decode(unhex('00 0000ffff 00'))).toThrow('has no schema with the id 65535')
    expect(() => format.decode(bytes.subarray(0, -2))).toThrow('truncated')
    expect(() => format.encode({ name: 'ann' })).toThrow('invalid')
    expect([format.lacks(bytes, 0, bytes.length), format.lacks(unhex('00 0000ffff'), 0, 5)]).toEqual([false, true])
  })

  test('a schema of another kind fails its own records, not the others', async () => {
    const id = registry.register('mixed', { schema: shop, schemaType: 'PROTOBUF' })
    const format = formatOf('mixed', avroLanguage(person))
    await format.prepareWriting()
    await format.prepareReading()
    expect(format.decode(format.encode({ name: 'ann', age: 7 }))).toEqual({ name: 'ann', age: 7 })
    expect(() => format.decode(unhex(`00 ${id.toString(16).padStart(8, '0')} 00`))).toThrow('of the type PROTOBUF')
  })

  test('nobody is asked again for whom nobody waits', async () => {
    const format = formatOf('people', avroLanguage(person))
    const before = registry.asked.length
    registry.refusing = 503
    await expect(format.look(() => false)).rejects.toMatchObject({ code: 'MR_SOURCE_FAILED' })
    registry.refusing = undefined
    expect(registry.asked.length).toBe(before + 1)
    await format.look(() => true)
  })

  test('a sink without a schema', async () => {
    const format = formatOf('people', avroLanguage(undefined))
    await expect(format.prepareWriting()).rejects.toMatchObject({ code: 'MR_SINK_FAILED' })
  })

  test('what was taken out of use can still be read', async () => {
    const format = formatOf('retired', avroLanguage(person))
    await format.prepareWriting()
    const bytes = format.encode({ name: 'ann', age: 7 })
    registry.delete('retired')
    const later = formatOf('retired', avroLanguage(undefined))
    await later.prepareReading()
    expect(later.decode(bytes)).toEqual({ name: 'ann', age: 7 })
  })
})
