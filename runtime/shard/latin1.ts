/** Bytes as a text of the same length, to be the key of a Map. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length <= 256) return String.fromCharCode.apply(undefined, bytes as unknown as number[])
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!)
  return text
}
