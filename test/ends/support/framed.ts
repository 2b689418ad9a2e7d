import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import type { Framing } from '../../../runtime/node/files/framing.ts'

export const framings: readonly Framing[] = ['lines', 'u16', 'u32']

/** Records as a file has them. */
export function framed(framing: Framing, records: readonly Uint8Array[], lineBreak: string = '\n'): Buffer {
  return Buffer.concat(
    records.flatMap((record) => {
      if (framing === 'lines') return [record, Buffer.from(lineBreak)]
      const length = Buffer.alloc(framing === 'u32' ? 4 : 2)
      length.writeUIntBE(record.length, 0, length.length)
      return [length, record]
    }),
  )
}

/** Records that a framing can hold: as lines, without line breaks. */
export function recordsFor(framing: Framing, maxLength: number = 30): fc.Arbitrary<Uint8Array[]> {
  // Few different bytes, so that line breaks, their halves and equal records turn up everywhere.
  const byte = fc.constantFrom(...(framing === 'lines' ? [0, 13, 65, 66, 255] : [0, 1, 10, 13, 65, 255]))
  const record = fc
    .array(byte, { maxLength: 40 })
    .filter((bytes) => framing !== 'lines' || bytes.at(-1) !== 13)
    .map((bytes) => Uint8Array.from(bytes))
  return fc.array(record, { maxLength })
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

export function bytes(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value, 'latin1'))
}
