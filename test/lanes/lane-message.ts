import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'
import { type LaneMessage, readMessageHead, writeMessageHead } from '../../runtime/shard/lanes/message-bytes.ts'

export function laneMessage(routeId: number, content: string): LaneMessage {
  const out = new ByteWriter()
  writeMessageHead(out, routeId, 7, 1, 2, 'key')
  out.raw(bytesOf(content))
  return { buffer: out.copy(), start: 0, end: out.length }
}

export function contentOf({ buffer, start, end }: LaneMessage): string {
  const reader = new ByteReader(buffer, start, end)
  readMessageHead(reader)
  return textOf(buffer, reader.at, end)
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

export function textOf(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return String.fromCharCode(...bytes.subarray(start, end))
}
