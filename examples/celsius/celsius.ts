/**
 * Celsius in, Fahrenheit out. Nothing is remembered, so there is no entity and no key.
 *
 *   millrace run celsius.ts --in celsius='file:celsius.msg?framing=u32' --out fahrenheit='file:fahrenheit.msg?framing=u32' --once
 */
import { binary, pipeline, sink, source } from 'millrace'

/** Degrees as four bytes, big-endian. */
const float32 = binary({
  decode: (bytes): number => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat32(0),
  encode: (degrees) => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, degrees)
    return bytes
  },
})

/** In 32 bits throughout, as the data is. */
const f32 = Math.fround

export const celsius = source('celsius', float32)
export const fahrenheit = sink('fahrenheit', float32)

export default pipeline('celsius', ({ from }) => {
  from(celsius)
    .map((degrees) => f32(degrees * f32(1.8)))
    .map((degrees) => f32(degrees + 32))
    .into(fahrenheit)
})
