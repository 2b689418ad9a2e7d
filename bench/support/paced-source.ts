import type { RecordBatch, SourcePartition } from '../../runtime/ports/source.ts'
import { epochMs } from './latencies.ts'
import type { Recorded } from './memory-source.ts'

/** Writes into the record at `start` of a buffer when it was due, in ms. */
export type Stamp = (view: DataView, start: number, dueMs: number) => void

export interface PacedSourceOptions {
  readonly source: string
  readonly records: Recorded
  readonly perSecond: number
  readonly stamp: Stamp
  wake(): void
}

/** How often it looks whether something is due while there was nothing: what a timer of Node.js can do. */
const lookMs = 1

/**
 * An open loop: record i is due at its own time, whether or not anybody is ready for it. A worker that stands still for a moment
 * finds all that became due meanwhile, with the times when it was due: no pause is left out of the latencies (no coordinated
 * omission, as Gil Tene calls it).
 */
export function pacedSource({ source, records, perSecond, stamp, wake }: PacedSourceOptions): SourcePartition {
  const { buffer, starts, ends } = records
  let at = 0
  let begunMs = 0
  let look: NodeJS.Timeout | undefined
  const dueMs = (index: number): number => begunMs + (index * 1_000) / perSecond
  return {
    source,
    partition: 'paced',
    failed: undefined,
    atEnd: false,
    seek(next) {
      at = next
      begunMs ||= epochMs() - (next * 1_000) / perSecond
    },
    poll(maxRecords): RecordBatch | undefined {
      const due = Math.floor(((epochMs() - begunMs) * perSecond) / 1_000) + 1 - at
      if (due <= 0) {
        look ??= setTimeout(() => {
          look = undefined
          wake()
        }, lookMs)
        return undefined
      }
      const first = at % starts.length
      const size = Math.min(maxRecords, starts.length - first, due)
      const from = starts[first]!
      const own = new Uint8Array(ends[first + size - 1]! - from)
      own.set(buffer.subarray(from, ends[first + size - 1])) // a slice of a Buffer would share its memory
      const view = new DataView(own.buffer)
      const offsets = new Float64Array(size)
      for (let i = 0; i < size; i++) {
        stamp(view, starts[first + i]! - from, dueMs(at + i))
        offsets[i] = at + i
      }
      at += size
      return {
        count: size,
        buffer: own,
        starts: starts.subarray(first, first + size).map((start) => start - from),
        ends: ends.subarray(first, first + size).map((end) => end - from),
        offsets,
        next: at,
        proof: '',
      }
    },
    confirm() {},
    async close() {
      clearTimeout(look)
    },
  }
}
