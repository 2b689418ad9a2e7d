import { formatText } from './format-text.ts'
import type { Shape, Shaped } from './shape.ts'
import { checkShape, shapeText } from './shape.ts'
import { textOf, textWithoutMark } from './utf8-text.ts'

/** How a value looks as bytes. Decoding gets bytes and may throw: the record then goes to dead letters. */
export interface Decoder<out T> {
  decode(bytes: Uint8Array): T
  /**
   * The key that every `keyBy` behind the source will find in the value, read from its bytes alone: then a record that belongs to
   * another worker is sent to it without being decoded. A record with another key becomes a dead letter (MR_KEY_DIFFERS).
   */
  readonly key?: ((bytes: Uint8Array) => string) | undefined
}
export interface Encoder<in T> {
  encode(value: T): Uint8Array | string
}
export interface Format<in out T> extends Decoder<T>, Encoder<T> {}

/** JSON, checked by any Standard Schema (zod, valibot, arktype), or by a function: `json((raw) => raw as Quote)`. */
export function json<S extends Shape>(shape: S): Format<Shaped<S>> {
  const check = checkShape<Shaped<S>>(shape)
  return {
    decode: (bytes) => check(JSON.parse(textWithoutMark(bytes))),
    encode: (value) => {
      const line: string | undefined = JSON.stringify(value)
      if (line === undefined) throw new TypeError(`a ${typeof value} has no form in JSON`)
      return line
    },
    [formatText]: `json ${shapeText(shape)}`,
  } as Format<Shaped<S>>
}

/** A text as it is, in UTF-8. */
export const text: Format<string> = {
  decode: textOf,
  encode: (value: string): string => value,
  [formatText]: 'text',
} as Format<string>

/** A value of your own layout. */
export function binary<T>(format: {
  decode: (bytes: Uint8Array) => T
  encode: (value: NoInfer<T>) => Uint8Array
  key?: Decoder<T>['key']
}): Format<T> {
  return { decode: format.decode, encode: format.encode, key: format.key }
}

export function decoding<T>(decode: (bytes: Uint8Array) => T, options: { key?: Decoder<T>['key'] } = {}): Decoder<T> {
  return { decode, key: options.key }
}

export function encoding<T>(encode: (value: T) => Uint8Array | string): Encoder<T> {
  return { encode }
}
