import { utf8Read } from '../base/utf8.ts'
import { textDecoder } from './platform.ts'

const cacheSize = 2_048
/** From here on one call into the platform costs less than a loop. */
const longBytes = 32

/** Texts from UTF-8. Names of properties come again and again, so they are looked up before they are made. */
export class TextReader {
  readonly #names: string[] = new Array<string>(cacheSize).fill('')

  /** A name of at most 31 bytes. */
  name(bytes: Uint8Array, start: number, size: number): string {
    if (size === 0) return ''
    const mixed = (size << 6) ^ (bytes[start]! << 3) ^ bytes[start + (size >> 1)]! ^ (bytes[start + size - 1]! << 4)
    const slot = mixed & (cacheSize - 1)
    const known = this.#names[slot]!
    if (known.length === size) {
      let i = 0
      while (i < size && known.charCodeAt(i) === bytes[start + i]) i++
      if (i === size) return known
    }
    const name = this.text(bytes, start, size)
    // Only ASCII: then bytes and units are the same, and comparing is the loop above.
    if (name.length === size) this.#names[slot] = name
    return name
  }

  text(bytes: Uint8Array, start: number, size: number): string {
    if (size >= longBytes) return textDecoder.decode(bytes.subarray(start, start + size))
    return utf8Read(bytes, start, start + size)
  }
}
