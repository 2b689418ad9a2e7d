import { binary, pipeline, sink, source } from 'millrace'

const float = binary({
  decode: (bytes) => new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0),
  encode: (degrees) => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, degrees)
    return bytes
  },
})
export const celsius = source('celsius', float)
export const fahrenheit = sink('fahrenheit', float)

export default pipeline('celsius', ({ from }) => {
  from(celsius)
    .map((degrees) => degrees * 1.8)
    .map((degrees) => degrees + 32)
    .into(fahrenheit)
})
