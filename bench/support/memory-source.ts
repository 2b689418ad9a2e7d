import type { RecordBatch, SourcePartition } from '../../runtime/ports/source.ts'

/** Frames (u32 length, bytes) or lines in memory, read over and over until `count` records were given. */
export interface Recorded {
  readonly buffer: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

export function framesOf(buffer: Uint8Array): Recorded {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at < buffer.length; ) {
    const size = view.getUint32(at)
    starts.push(at + 4)
    ends.push(at + 4 + size)
    at += 4 + size
  }
  return { buffer, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) }
}

export function linesOf(text: string): Recorded {
  const buffer = Buffer.from(text)
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at < buffer.length; ) {
    const end = buffer.indexOf(10, at)
    starts.push(at)
    ends.push(end < 0 ? buffer.length : end)
    at = end < 0 ? buffer.length : end + 1
  }
  return { buffer, starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) }
}

/** Every `parts`-th record, from record `part` on. */
export function partOf({ buffer, starts, ends }: Recorded, part: number, parts: number): Recorded {
  const own = (_: number, i: number): boolean => i % parts === part
  return { buffer, starts: starts.filter(own), ends: ends.filter(own) }
}

export function memorySource(source: string, records: Recorded, count: number): SourcePartition {
  const { buffer, starts, ends } = records
  let at = 0
  return {
    source,
    partition: 'memory',
    failed: undefined,
    get atEnd() {
      return at >= count
    },
    seek(next) {
      at = next
    },
    poll(maxRecords): RecordBatch | undefined {
      if (at >= count) return undefined
      const first = at % starts.length
      const size = Math.min(maxRecords, starts.length - first, count - at)
      const offsets = new Float64Array(size)
      for (let i = 0; i < size; i++) offsets[i] = at + i
      at += size
      return {
        count: size,
        buffer,
        starts: starts.subarray(first, first + size),
        ends: ends.subarray(first, first + size),
        offsets,
        next: at,
        proof: '',
      }
    },
    confirm() {},
    async close() {},
  }
}
