/**
 * What every JavaScript platform has though the language does not name it. None of it has a clock, waits or rolls dice: these are
 * functions of their arguments, and much faster than loops where texts are long.
 */
interface TextEncoderLike {
  encodeInto(text: string, bytes: Uint8Array): { readonly read: number; readonly written: number }
}
interface TextDecoderLike {
  decode(bytes: Uint8Array): string
}
interface BufferLike {
  readonly prototype: object
  from(buffer: ArrayBuffer, at: number, sizeBytes: number): object
}

declare const TextEncoder: new () => TextEncoderLike
declare const TextDecoder: new (label: string, options: { ignoreBOM: boolean }) => TextDecoderLike
declare const Buffer: BufferLike | undefined

export const textEncoder: TextEncoderLike = new TextEncoder()
/** Keeps a mark at the start of a text, which is a character like others. */
export const textDecoder: TextDecoderLike = new TextDecoder('utf-8', { ignoreBOM: true })
/** Node's alone. */
export const nodeBuffer: BufferLike | undefined = typeof Buffer === 'undefined' ? undefined : Buffer
