import type { ByteWriter } from '../base/bytes.ts'
import { extension, tag } from './format.ts'

const two63 = 1n << 63n
const two64 = 1n << 64n

/** In 64 bits where it fits; else its sign and its magnitude, big-endian. */
export function writeBigint(out: ByteWriter, value: bigint): void {
  if (value >= -two63 && value < two64) {
    const bits = BigInt.asUintN(64, value)
    out.u8(value < two63 ? tag.int64 : tag.uint64)
    out.u32(Number(bits >> 32n))
    out.u32(Number(bits & 0xffff_ffffn))
    return
  }
  const digits = (value < 0n ? -value : value).toString(16)
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`
  out.u8(tag.ext32)
  out.u32(1 + hex.length / 2)
  out.u8(extension.bigint)
  out.u8(value < 0n ? 1 : 0)
  for (let i = 0; i < hex.length; i += 2) out.u8(Number.parseInt(hex.slice(i, i + 2), 16))
}
