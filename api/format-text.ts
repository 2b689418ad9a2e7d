/** Under this key a format of ours says what it is, so that a newer Millrace with other code inside is the same format. */
export const formatText: unique symbol = Symbol('millrace.formatText')

/** What decides how a source's bytes are read, as text: part of the source's fingerprint. */
export function textOfDecoder(format: { decode: unknown; [formatText]?: string }): string {
  return format[formatText] ?? String(format.decode)
}
