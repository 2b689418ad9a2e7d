import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'
import { murmur3 } from '../../runtime/base/hash.ts'
import { maxKeyBytes } from '../../runtime/base/limits.ts'
import { hashOf } from '../../runtime/shard/row-cache.ts'
import {
  entityOf,
  Field,
  keyTextEnd,
  keyTextStart,
  readEntityKey,
  shardOf,
  writeEntityKey,
} from '../../runtime/shard/row-key.ts'
import { Shelf } from '../../runtime/shard/shelf.ts'

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary-ascii', minLength: 120, maxLength: 136 }), // where the length becomes two bytes
  fc.constant('k'.repeat(maxKeyBytes)),
)
const keys = fc.record({
  shard: fc.nat(4_095),
  entity: fc.nat(65_535),
  key: texts,
  field: fc.constantFrom(...Object.values(Field)),
  element: texts,
})

test('what is read of a key where it lies is what reading all of it gives', () => {
  fc.assert(
    fc.property(keys, fc.nat(3), ({ shard, entity, key, field, element }, before) => {
      const out = new ByteWriter()
      for (let i = 0; i < before; i++) out.u8(0xff)
      writeEntityKey(out, shard, entity, key, field, element)
      const bytes = out.copy()
      expect(readEntityKey(new ByteReader(bytes, before + 1))).toEqual({ shard, entity, key, field, element })
      expect([shardOf(bytes, before), entityOf(bytes, before)]).toEqual([shard, entity])
      const [start, end] = [keyTextStart(bytes, before), keyTextEnd(bytes, before)]
      expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end))).toBe(key)
      expect(murmur3(bytes, start, end, 0)).toBe(hashOf(key))
      expect(bytes[end]).toBe(field)
    }),
  )
})

test('a row that is put on a shelf by the bytes of its key is found by its text, and the other way round', () => {
  fc.assert(
    fc.property(fc.uniqueArray(texts, { minLength: 1, maxLength: 20 }), fc.nat(300), (names, entity) => {
      const shelf = new Shelf(1 << 20)
      const out = new ByteWriter()
      for (const [i, name] of names.entries()) {
        out.clear()
        writeEntityKey(out, 3, entity, name, Field.state, '')
        const hash = hashOf(name)
        const cell =
          i % 2 === 0
            ? shelf.addBytes(hash, out.bytes, 0, out.length, true, 8)
            : shelf.add(hash, 3, entity, name, Field.state, '', 8)
        expect(shelf.find(hash, entity, name)).toBe(cell)
        expect(shelf.findBytes(hash, out.bytes, 0, out.length)).toBe(cell)
        expect(shelf.find(hash, entity + 1, name)).toBe(-1)
        expect(shelf.findBytes(hash, out.bytes, 0, out.length - 1)).toBe(-1)
      }
      expect(shelf.count).toBe(names.length)
    }),
  )
})
