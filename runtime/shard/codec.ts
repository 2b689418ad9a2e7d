/**
 * How state and messages look as bytes. Plain data, Map, Set, Date, typed arrays, bigint and undefined keep their type;
 * anything else is refused with the path to it (`MR_STATE_INVALID`, or `MR_ENCODE_FAILED` for messages).
 */
export interface Codec {
  /**
   * Encodes `value`. The bytes may live in a buffer that the next call overwrites: copy them at once.
   * Throws an UnencodableError that names the path.
   */
  encode(value: unknown): Uint8Array
  /** A fresh value from `bytes[start, end)`. */
  decode(bytes: Uint8Array, start: number, end: number): unknown
}

/** What cannot be kept or sent, and where it is inside the value, such as `state.items[3].price`. */
export class UnencodableError extends Error {
  override readonly name = 'UnencodableError'
  readonly path: string
  readonly what: string
  constructor(path: string, what: string) {
    super(`${path} is ${what}, and only data can be kept or sent`)
    this.path = path
    this.what = what
  }
}
