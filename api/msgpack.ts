import { Packr } from 'msgpackr'
import { formatText } from './format-text.ts'
import type { Format } from './formats.ts'
import type { Shape, Shaped } from './shape.ts'
import { checkShape, shapeText } from './shape.ts'

/**
 * Plain MessagePack, as other languages read and write it: maps are objects, bytes are Uint8Arrays (copies: a value must not
 * change with the buffer it was read from), and whole numbers beyond 2^53 are bigints.
 */
const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  copyBuffers: true,
  int64AsType: 'auto' as 'bigint',
  useToJSON: false,
})

export function msgpack<S extends Shape>(shape: S): Format<Shaped<S>> {
  const check = checkShape<Shaped<S>>(shape)
  return {
    decode: (bytes: Uint8Array) => check(packr.decode(bytes)),
    // A copy of the right size: the packer's own buffer is large, and an output may wait in memory.
    encode: (value: Shaped<S>) => new Uint8Array(packr.encode(value)),
    [formatText]: `msgpack ${shapeText(shape)}`,
  } as Format<Shaped<S>>
}
