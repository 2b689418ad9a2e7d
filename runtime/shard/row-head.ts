import { ByteReader } from '../base/bytes.ts'

/**
 * The number that the value of an entity's row begins with: the version of its shape, and whether the time of its last message
 * follows. It says so itself, because a program may begin or cease to forget idle entities (`ttlMs`).
 */
export function rowHead(version: number, seen: boolean): number {
  return 2 * version + (seen ? 1 : 0)
}

/** What a row's value begins with, read. */
export class RowHead {
  readonly version: number
  /** When the last message reached it, in ms; undefined: it does not say. */
  readonly seenMs: number | undefined
  /** Where the state begins. */
  readonly end: number

  /** Throws a RangeError when the bytes end too early. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    const first = start < end ? bytes[start]! : 0x80
    if (first < 0x80 && (first & 1) === 0) {
      // Nearly always: few versions, and no time.
      this.version = first >>> 1
      this.seenMs = undefined
      this.end = start + 1
      return
    }
    const reader = new ByteReader(bytes, start, end)
    const head = reader.varint()
    this.version = head >>> 1
    this.seenMs = (head & 1) === 1 ? reader.f64() : undefined
    this.end = reader.at
  }
}
