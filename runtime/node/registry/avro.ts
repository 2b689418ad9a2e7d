import { Buffer } from 'node:buffer'
import avsc, { type Schema, type Type } from 'avsc'
import type { NamedSchema } from './registry-client.ts'
import type { SchemaLanguage } from './subject-format.ts'

/**
 * Avro's binary encoding.
 * @param schema what values are read as, by Avro's rules of resolution, and written with; undefined: they are read as they were
 *   written, and not written
 */
export function avroLanguage(schema: string | undefined): SchemaLanguage {
  const own = schema === undefined ? undefined : typeOf(schema, [])
  const hasBytes = schema !== undefined && /"(bytes|fixed)"/.test(schema)
  return {
    type: 'AVRO',
    reader: ({ text, references }) => {
      const written = typeOf(text, references)
      if (own === undefined) return (bytes) => plain(written.fromBuffer(bufferOf(bytes)))
      const resolver = own.createResolver(written)
      return (bytes) => plain(own.fromBuffer(bufferOf(bytes), resolver))
    },
    writer: own && {
      schema: schema!,
      encode: (value) => own.toBuffer(hasBytes ? withBuffers(value) : value),
    },
  }
}

function typeOf(text: string, references: readonly NamedSchema[]): Type {
  const registry: Record<string, Type> = {}
  for (const reference of references) avsc.Type.forSchema(JSON.parse(reference.text) as Schema, { registry })
  return avsc.Type.forSchema(JSON.parse(text) as Schema, { registry })
}

/** Without copying. */
function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

/** What the library makes are instances of classes that it made: data is plain. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Buffer.isBuffer(value)) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

function withBuffers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return bufferOf(value)
  if (Array.isArray(value)) return value.map(withBuffers)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withBuffers(each)]))
}
