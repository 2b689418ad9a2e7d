import { ByteWriter } from '../base/bytes.ts'
import type { Codec } from '../shard/codec.ts'
import { Decoder } from './decoder.ts'
import { Encoder } from './encoder.ts'

const scratchBytes = 4_096
/** Scratch space that one huge value made is not kept for ever. */
const keptBytes = 1 << 20
/** Making a view costs as much as encoding a small value, so views of small sizes are kept. */
const keptViews = 512

/** The codec of state and messages (its layout: format.ts). One for each thread and user of it. */
export function createCodec(): Codec {
  const encoder = new Encoder()
  const decoder = new Decoder()
  let scratch = new ByteWriter(scratchBytes)
  let viewed = scratch.bytes
  let views: (Uint8Array | undefined)[] = []
  let busy = false
  return {
    encode(value) {
      // A getter of `value` that encodes something itself.
      if (busy) return createCodec().encode(value)
      if (scratch.bytes.length > keptBytes) scratch = new ByteWriter(scratchBytes)
      scratch.clear()
      busy = true
      try {
        encoder.append(scratch, value)
      } finally {
        busy = false
      }
      const { bytes, length } = scratch
      if (length >= keptViews) return bytes.subarray(0, length)
      if (bytes !== viewed) {
        viewed = bytes
        views = []
      }
      return (views[length] ??= bytes.subarray(0, length))
    },
    decode: (bytes, start, end) => decoder.decode(bytes, start, end),
  }
}
