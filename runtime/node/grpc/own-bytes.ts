/** N1: a receiver gets a buffer of its own, which a frame is unless it is part of a larger one. */
export function ownBytes(frame: Uint8Array): Uint8Array {
  return frame.byteLength === frame.buffer.byteLength ? frame : frame.slice()
}
