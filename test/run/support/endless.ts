import type { SourcePartition } from '../../../runtime/ports/source.ts'

/** The same record for ever. `gives`: how many records, when asked for so many. */
export function endless(
  source: string,
  gives: (asked: number) => number,
  confirmed: (next: number) => void,
): SourcePartition {
  const buffer = Buffer.from('a')
  let at = 0
  return {
    source,
    partition: 'endless',
    atEnd: false,
    failed: undefined,
    seek: (next) => void (at = next),
    poll(asked) {
      const count = gives(asked)
      if (count === 0) return undefined
      const offsets = Float64Array.from({ length: count }, (_, i) => at + i)
      at += count
      const starts = new Uint32Array(count)
      return { count, buffer, starts, ends: starts.map(() => buffer.length), offsets, next: at, proof: '' }
    },
    confirm: confirmed,
    async close() {},
  }
}
