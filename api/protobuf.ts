/** `millrace/protobuf`: records in Protobuf, with a schema registry. Needs the package `protobufjs`. */
import { protobufLanguage } from '../runtime/node/registry/protobuf.ts'
import type { Format } from './formats.ts'
import { invalid } from './invalid.ts'
import type { Shape, Shaped } from './shape.ts'
import { type Registry, subjectFormat, type SubjectOptions } from './subject-format.ts'

export interface ProtobufOptions<S extends Shape> extends SubjectOptions<S> {
  /** As a sink: the text of the .proto file. */
  schema?: string
  /** As a sink: which message of it, with its package: `shop.Order`. */
  message?: string
}

/**
 * Protobuf with a schema registry, as Confluent's serialisers write it. See docs/schema-registry.md.
 *
 *     source('orders', protobuf({ subject: 'orders-value', shape: (raw) => raw as Order }))
 */
export function protobuf<S extends Shape>(options: ProtobufOptions<S>): Format<Shaped<S>> {
  const { subject, schema, message } = options
  if ((schema === undefined) !== (message === undefined))
    throw invalid(
      `subject ${subject} was given ${schema === undefined ? 'a message, but no schema' : 'a schema, but no message'}`,
      "Give both to write: { schema: 'syntax = ...', message: 'shop.Order' }; neither is needed to read",
    )
  const own = schema === undefined || message === undefined ? undefined : { schema, message }
  return subjectFormat(options, () => protobufLanguage(own), 'protobuf')
}

export type { Registry, SubjectOptions }
