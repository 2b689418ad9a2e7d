import { type SchemaLanguage, SubjectFormat } from '../runtime/node/registry/subject-format.ts'
import { formatText } from './format-text.ts'
import type { Format } from './formats.ts'
import { invalid } from './invalid.ts'
import { preparedKey } from './prepared.ts'
import { checkShape, type Shape, type Shaped, shapeText } from './shape.ts'

/** Where a schema registry is, in Confluent's HTTP interface. */
export interface Registry {
  url: string
  username?: string
  password?: string
}

export interface SubjectOptions<S extends Shape> {
  /** Default: SCHEMA_REGISTRY_URL, or http://127.0.0.1:8081. */
  registry?: Registry
  /** Under which the schemas of these records are registered: `TOPIC-value` is the custom. */
  subject: string
  /** What a decoded value must look like: any Standard Schema, or a function: `(raw) => raw as Quote`. */
  shape: S
  /** As a sink: whether the schema is registered where the subject does not have it. Default true. */
  register?: boolean
}

/** A format whose schemas are in a registry. */
export function subjectFormat<S extends Shape>(
  options: SubjectOptions<S>,
  language: () => SchemaLanguage,
  text: string,
): Format<Shaped<S>> {
  const { subject, shape, register = true } = options
  const { registry = { url: process.env['SCHEMA_REGISTRY_URL'] ?? 'http://127.0.0.1:8081' } } = options
  if (typeof subject !== 'string' || subject === '')
    throw invalid('a format with a registry has no subject', "Name it: { subject: 'orders-value', ... }")
  if (!URL.canParse(registry.url))
    throw invalid(
      `subject ${subject} is in a registry at ${JSON.stringify(registry.url)}, which is no address`,
      "Write registry: { url: 'http://localhost:8081' }",
    )
  const format = new SubjectFormat({ registry, subject, register }, languageOf(subject, language))
  const check = checkShape<Shaped<S>>(shape)
  return {
    decode: (bytes: Uint8Array) => check(format.decode(bytes)),
    encode: (value: Shaped<S>) => format.encode(value),
    [formatText]: `${text} of ${subject} ${shapeText(shape)}`,
    [preparedKey]: format,
  } as Format<Shaped<S>>
}

function languageOf(subject: string, language: () => SchemaLanguage): SchemaLanguage {
  try {
    return language()
  } catch (cause) {
    throw invalid(
      `subject ${subject} was given a schema that cannot be used: ${(cause as Error).message}`,
      'Correct the schema',
    )
  }
}
