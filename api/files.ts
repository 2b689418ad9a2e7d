/** `millrace/files`: records in files. */
import { invalid } from './invalid.ts'
import type { Framing, RealSink, RealSource } from './real-end.ts'
import { hideRealEnd } from './real-end.ts'

const framings: readonly Framing[] = ['lines', 'u16', 'u32']

/**
 * One record a line, or framed by length: two or four bytes, big-endian, in front of each record. Read to its end, or followed
 * as it grows. Written, it holds exactly the outputs that were committed.
 */
export function file(path: string, options: { framing?: Framing; follow?: boolean } = {}): RealSource & RealSink {
  const { framing = 'lines', follow = false } = options
  if (typeof path !== 'string' || path === '') throw invalid('a file has no path', `Write file('orders.ndjson')`)
  if (!framings.includes(framing))
    throw invalid(
      `file ${JSON.stringify(path)} has a framing of ${JSON.stringify(framing)}`,
      `Use 'lines', 'u16' or 'u32'`,
    )
  return hideRealEnd({ kind: 'file', path, framing, follow })
}

export type { Framing, RealSink, RealSource }
