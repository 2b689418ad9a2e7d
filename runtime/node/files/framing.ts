import { MillraceError } from '../../base/errors.ts'
import { maxMessageBytes } from '../../base/limits.ts'

/**
 * How records lie in a stream of bytes.
 * `lines`: each ends with LF or CRLF, which does not belong to it. `u16`, `u32`: a big-endian length, then that many bytes.
 */
export type Framing = 'lines' | 'u16' | 'u32'

export const LF = 10
export const CR = 13

/** Bytes before the content of a record. */
export function prefixBytes(framing: Framing): number {
  return framing === 'u32' ? 4 : framing === 'u16' ? 2 : 0
}

/**
 * Whether `bytes[start, end)` as one output would be read back as the same one record. To be asked before the output is committed
 * (RULE 7): a lane must never hold an output that its sink cannot take.
 */
export function checkOutput(
  framing: Framing,
  bytes: Uint8Array,
  start: number,
  end: number,
): MillraceError | undefined {
  const size = end - start
  if (framing === 'lines') {
    for (let at = start; at < end; at++)
      if (bytes[at] === LF) return unfit('contains a line break', 'its reader would see two records')
    if (size > 0 && bytes[end - 1] === CR) return unfit('ends with a carriage return', 'its reader would lose it')
  }
  const limit = framing === 'u16' ? Math.min(0xffff, maxMessageBytes) : maxMessageBytes
  if (size <= limit) return undefined
  return new MillraceError('MR_MESSAGE_TOO_LARGE', `an output of ${size} bytes is larger than ${limit} bytes`, {
    next: framing === 'u16' ? "Use the framing 'u32', or smaller outputs" : 'Make several smaller outputs of it',
  })
}

function unfit(what: string, why: string): MillraceError {
  return new MillraceError('MR_ENCODE_FAILED', `an output ${what}: as a line of text ${why}`, {
    next: "Use a format that escapes line breaks (JSON does), or the framing 'u32'",
  })
}
