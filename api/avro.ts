/** `millrace/avro`: records in Avro, with a schema registry. Needs the package `avsc`. */
import { avroLanguage } from '../runtime/node/registry/avro.ts'
import type { Format } from './formats.ts'
import type { Shape, Shaped } from './shape.ts'
import { type Registry, subjectFormat, type SubjectOptions } from './subject-format.ts'

export interface AvroOptions<S extends Shape> extends SubjectOptions<S> {
  /** As a sink: what is written. As a source: what records are read as, if they were written with another one. */
  schema?: object
}

/**
 * Avro with a schema registry, as Confluent's serialisers write it. See docs/schema-registry.md.
 *
 *     source('orders', avro({ subject: 'orders-value', shape: (raw) => raw as Order }))
 */
export function avro<S extends Shape>(options: AvroOptions<S>): Format<Shaped<S>> {
  const schema = options.schema === undefined ? undefined : JSON.stringify(options.schema)
  return subjectFormat(options, () => avroLanguage(schema), `avro ${schema ?? ''}`)
}

export type { Registry, SubjectOptions }
