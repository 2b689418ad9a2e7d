/** The part of Buffer that reads any bytes, not only a Buffer's: half the time of a TextDecoder for the short texts that records are. */
const { utf8Slice } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string
}

/** UTF-8 as text. What is no UTF-8 becomes U+FFFD, as the Encoding Standard has it; a mark at the start (BOM) stays. */
export function textOf(bytes: Uint8Array): string {
  return utf8Slice.call(bytes, 0, bytes.length)
}

/** The same without the mark that some editors put at the start of a file. */
export function textWithoutMark(bytes: Uint8Array): string {
  const text = textOf(bytes)
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
