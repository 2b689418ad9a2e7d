import type { AddressedFrame, FrameQueue } from './frame-queue.ts'

const headBytes = 8

/**
 * The next message of a stream: at least one frame, and as many more as wait and fit.
 *
 *   message  count * (from u16, to u16, length u32, the frame)
 */
export function packMessage(queue: FrameQueue, messageBytes: number): Buffer {
  const frames: AddressedFrame[] = []
  let size = 0
  do {
    const next = queue.shift()!
    frames.push(next)
    size += headBytes + next.frame.length
  } while (!queue.isEmpty && size < messageBytes)
  const message = Buffer.allocUnsafe(size)
  let at = 0
  for (const { from, to, frame } of frames) {
    message.writeUInt16BE(from, at)
    message.writeUInt16BE(to, at + 2)
    message.writeUInt32BE(frame.length, at + 4)
    message.set(frame, at + headBytes)
    at += headBytes + frame.length
  }
  return message
}

/** The frames of a message, as parts of it. Junk throws a RangeError, before anything of it is taken. */
export function unpackMessage(message: Buffer): AddressedFrame[] {
  const frames: AddressedFrame[] = []
  for (let at = 0; at < message.length; ) {
    if (message.length - at < headBytes) throw new RangeError('a message ends within the head of a frame')
    const from = message.readUInt16BE(at)
    const to = message.readUInt16BE(at + 2)
    const length = message.readUInt32BE(at + 4)
    at += headBytes
    if (length > message.length - at) throw new RangeError('a message ends within a frame')
    frames.push({ from, to, frame: new Uint8Array(message.buffer, message.byteOffset + at, length) })
    at += length
  }
  return frames
}
