import type { Prepared } from './prepared.ts'
import type { RealEnd } from './real-end.ts'

/** What stands behind `source(...)`: hidden from users, read by `compile`. */
export interface SourceDefinition {
  readonly name: string
  readonly decode: (bytes: Uint8Array) => unknown
  /** How it decodes, as text: part of the fingerprint. */
  readonly decodeText: string
  readonly time: ((value: unknown) => number) | undefined
  /** Reads the key that `keyBy` will find from the bytes. */
  readonly key: ((bytes: Uint8Array) => string) | undefined
  /** Undefined: the format needs nothing from outside. */
  readonly prepared: Prepared | undefined
}

export interface SinkDefinition {
  readonly name: string
  readonly encode: (value: unknown) => Uint8Array | string
  readonly key: ((value: unknown) => string) | undefined
  readonly prepared: Prepared | undefined
}

/** What stands behind `quotes.from(...)` and `rejections.to(...)`. */
export type BindingDefinition =
  | { readonly kind: 'source'; readonly source: SourceDefinition; readonly real: RealEnd }
  | { readonly kind: 'sink'; readonly sink: SinkDefinition; readonly real: RealEnd }

const sourceKey: unique symbol = Symbol('millrace.source')
const sinkKey: unique symbol = Symbol('millrace.sink')
const bindingKey: unique symbol = Symbol('millrace.binding')

export function hideSource(source: object, definition: SourceDefinition): void {
  Object.defineProperty(source, sourceKey, { value: definition })
}

export function hideSink(sink: object, definition: SinkDefinition): void {
  Object.defineProperty(sink, sinkKey, { value: definition })
}

export function hideBinding(binding: object, definition: BindingDefinition): void {
  Object.defineProperty(binding, bindingKey, { value: definition })
}

/** The definition behind a source. Undefined: it is something else; so below. */
export function sourceOf(value: unknown): SourceDefinition | undefined {
  return (value as { [sourceKey]?: SourceDefinition } | null | undefined)?.[sourceKey]
}

export function sinkOf(value: unknown): SinkDefinition | undefined {
  return (value as { [sinkKey]?: SinkDefinition } | null | undefined)?.[sinkKey]
}

export function bindingOf(value: unknown): BindingDefinition | undefined {
  return (value as { [bindingKey]?: BindingDefinition } | null | undefined)?.[bindingKey]
}
