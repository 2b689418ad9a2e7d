import type { ByteReader, ByteWriter } from '../../base/bytes.ts'

/**
 * A message between entities as bytes. They are made when it is sent, and stay as they are wherever it goes: in the effects of
 * its handler, in the commit record and the outbox, in frames, and in what both ends of its lane chain a hash over.
 *
 *   route varint, time f64, id u32 u32, key text, content to the end
 */
export interface MessageHead {
  /** The durable number of the route, in the store of the sender. */
  readonly route: number
  readonly timeMs: number
  /** Signed, as they are made: V8 gives fields that are now small integers and now doubles other shapes all the time. */
  readonly idHigh: number
  readonly idLow: number
  readonly key: string
}

/** What of a buffer is a message. The bytes are never written to again. */
export interface LaneMessage {
  readonly buffer: Uint8Array
  readonly start: number
  readonly end: number
}

/** Everything but the content, which follows. */
export function writeMessageHead(
  out: ByteWriter,
  route: number,
  timeMs: number,
  idHigh: number,
  idLow: number,
  key: string,
): void {
  out.varint(route)
  out.f64(timeMs)
  out.u32(idHigh)
  out.u32(idLow)
  out.text(key)
}

/** The content begins where the reader stands then. */
export function readMessageHead(reader: ByteReader): MessageHead {
  return {
    route: reader.varint(),
    timeMs: reader.f64(),
    idHigh: reader.i32(),
    idLow: reader.i32(),
    key: reader.text(),
  }
}

/** Passes over a message, and returns the number of its route. Throws a RangeError when its head is longer than it. */
export function skipMessage(reader: ByteReader, sizeBytes: number): number {
  const end = reader.at + sizeBytes
  const route = reader.varint()
  reader.skip(16)
  reader.skip(reader.varint())
  if (reader.at > end) throw new RangeError('a message is shorter than its head')
  reader.skip(end - reader.at)
  return route
}
