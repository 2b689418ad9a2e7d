import { nodeBuffer } from './platform.ts'

/** Typed arrays and their kin: bytes with a type. A view keeps its kind and its own bytes, not what else its buffer holds. */
export interface ViewKind {
  readonly prototype: object
  make(buffer: ArrayBuffer): object
}

/** The position in this list is the number on disk: only append. Bytes are as on little-endian platforms. */
export const viewKinds: readonly ViewKind[] = [
  { prototype: Int8Array.prototype, make: (buffer) => new Int8Array(buffer) },
  { prototype: Uint8Array.prototype, make: (buffer) => new Uint8Array(buffer) },
  { prototype: Uint8ClampedArray.prototype, make: (buffer) => new Uint8ClampedArray(buffer) },
  { prototype: Int16Array.prototype, make: (buffer) => new Int16Array(buffer) },
  { prototype: Uint16Array.prototype, make: (buffer) => new Uint16Array(buffer) },
  { prototype: Int32Array.prototype, make: (buffer) => new Int32Array(buffer) },
  { prototype: Uint32Array.prototype, make: (buffer) => new Uint32Array(buffer) },
  { prototype: Float32Array.prototype, make: (buffer) => new Float32Array(buffer) },
  { prototype: Float64Array.prototype, make: (buffer) => new Float64Array(buffer) },
  { prototype: BigInt64Array.prototype, make: (buffer) => new BigInt64Array(buffer) },
  { prototype: BigUint64Array.prototype, make: (buffer) => new BigUint64Array(buffer) },
  { prototype: ArrayBuffer.prototype, make: (buffer) => buffer },
  { prototype: DataView.prototype, make: (buffer) => new DataView(buffer) },
  // Bytes too. A Buffer stays one where there are Buffers, so that a value is the same before and after it was stored.
  {
    prototype: nodeBuffer?.prototype ?? Uint8Array.prototype,
    make: (buffer) => nodeBuffer?.from(buffer, 0, buffer.byteLength) ?? new Uint8Array(buffer),
  },
]

const kindOfPrototype = new Map<unknown, number>(viewKinds.map(({ prototype }, kind) => [prototype, kind]))
kindOfPrototype.set(Uint8Array.prototype, 1)

/** The number of a view's kind. Undefined: it is no view, or of a class of its own. */
export function viewKindOf(prototype: unknown): number | undefined {
  return kindOfPrototype.get(prototype)
}

/** The bytes that a view shows. Throws where `view` only pretends to be one. */
export function bytesOf(view: object): Uint8Array {
  if (ArrayBuffer.isView(view)) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  return new Uint8Array(view as ArrayBuffer)
}
