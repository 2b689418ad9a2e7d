import type { SinkPort } from '../../runtime/ports/sink.ts'

/** Time that all threads of a process agree on, in ms with fractions. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now()
}

let list = new Float64Array(1 << 16)
let count = 0

/** How long each output took from when its record was due, since the start or the last `clearLatencies`. */
export function latencies(): Float64Array {
  return list.slice(0, count).sort()
}

export function clearLatencies(): void {
  count = 0
}

/** The value that a part of sorted values does not exceed. */
export function percentile(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

/** Notes for each output how long ago its record was due, and is done with it at once. `dueMs` reads that from an output. */
export function latencySink(sink: string, dueMs: (view: DataView, start: number) => number): SinkPort {
  return {
    sink,
    guarantee: 'at-least-once',
    open: (done) => void setImmediate(() => done(undefined, [])),
    write(batch, done) {
      const now = epochMs()
      const { buffer, starts } = batch
      const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      for (let i = 0; i < batch.count; i++) note(now - dueMs(view, starts[i]!))
      setImmediate(() => done(undefined))
    },
    async close() {},
  }
}

function note(ms: number): void {
  if (count === list.length) {
    const larger = new Float64Array(2 * count)
    larger.set(list)
    list = larger
  }
  list[count++] = ms
}
