import type { StandardSchemaV1 } from '@standard-schema/spec'

/** What a decoded value must look like: any Standard Schema, or a function that returns it or throws. */
export type Shape = StandardSchemaV1 | ((raw: unknown) => unknown)
export type Shaped<S> =
  S extends StandardSchemaV1<unknown, infer T> ? T : S extends (raw: unknown) => infer T ? T : never

export function checkShape<T>(shape: Shape): (raw: unknown) => T {
  if (!('~standard' in shape)) return shape as (raw: unknown) => T
  const { validate } = shape['~standard']
  return (raw) => {
    const result = validate(raw)
    if (result instanceof Promise)
      throw new TypeError(
        'the schema is asynchronous, and a value is decoded at once: leave the asynchronous checks out',
      )
    if (result.issues !== undefined) throw new TypeError(result.issues.map(issueText).join('; '))
    return result.value as T
  }
}

/** Part of a source's fingerprint. A schema has no text: what it accepts may change without a change of plan. */
export function shapeText(shape: Shape): string {
  return '~standard' in shape ? `schema ${shape['~standard'].vendor}` : String(shape)
}

function issueText({ message, path }: StandardSchemaV1.Issue): string {
  if (path === undefined || path.length === 0) return message
  return `${path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')}: ${message}`
}
