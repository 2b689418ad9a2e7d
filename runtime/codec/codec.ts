import { ByteWriter } from '../base/bytes.ts'
import type { Codec } from '../shard/codec.ts'
import { Decoder } from './decoder.ts'
import { Encoder } from './encoder.ts'

/** Scratch space that one huge value made is not kept for ever. */
const keptBytes = 1 << 20

/** The codec of state and messages. One per thread and user of it: it is not to be entered again from a getter that it calls. */
export function createCodec(): Codec {
  const encoder = new Encoder()
  const decoder = new Decoder()
  let scratch = new ByteWriter(4_096)
  let busy = false
  return {
    encode(value) {
      if (busy) return createCodec().encode(value)
      if (scratch.bytes.length > keptBytes) scratch = new ByteWriter(4_096)
      scratch.clear()
      busy = true
      try {
        encoder.append(scratch, value)
      } finally {
        busy = false
      }
      return scratch.bytes.subarray(0, scratch.length)
    },
    decode: (bytes, start, end) => decoder.decode(bytes, start, end),
  }
}
