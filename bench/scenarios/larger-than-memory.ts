/**
 * A sum per key where memory has room for half of the sums: every other message, at random, is about an entity that must be read from
 * the store first, and another one must leave for it. The store is filled once; each run goes on where the one before ended.
 */
import { decoding, encoding, entity, pipeline, sink, source } from 'millrace'
import { mix32 } from '../../runtime/base/hash.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import { cellBytes } from '../../runtime/shard/shelf.ts'
import { measure, scale } from '../support/measure.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'

/** What key and sum take as bytes, and the head of their block. */
const blockBytes = 48
const recordBytes = 8

const amounts = source(
  'amounts',
  decoding((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, recordBytes)
    return { key: `k${view.getUint32(0)}`, amount: view.getUint32(4) }
  }),
)
const sums = sink(
  'sums',
  encoding((sum: number) => String(sum)),
)
const Sum = entity('sum', {
  state: () => ({ sum: 0, count: 0 }),
  on: {
    add(state, { amount }: { key: string; amount: number }) {
      state.sum += amount
      state.count += 1
      if (state.count % 1_000 === 0) return state.sum
    },
  },
})
const keyedSum = pipeline('larger-than-memory', ({ from }) => {
  from(amounts)
    .keyBy(({ key }) => key)
    .to(Sum.add)
    .into(sums)
})

/** Every key once, then keys at random, up to offset `end`. */
function amountsUpTo(end: number, keys: number): SourcePartition {
  let at = 0
  return {
    source: 'amounts',
    partition: '0',
    failed: undefined,
    get atEnd() {
      return at >= end
    },
    seek(next) {
      at = next
    },
    poll(maxRecords) {
      if (at >= end) return undefined
      const first = at
      const count = Math.min(maxRecords, end - first)
      const buffer = new Uint8Array(count * recordBytes)
      const view = new DataView(buffer.buffer)
      for (let i = 0; i < count; i++) {
        const offset = first + i
        view.setUint32(i * recordBytes, offset < keys ? offset : (mix32(offset) >>> 0) % keys)
        view.setUint32(i * recordBytes + 4, offset % 1_000)
      }
      at += count
      return {
        count,
        buffer,
        starts: Uint32Array.from({ length: count }, (_, i) => i * recordBytes),
        ends: Uint32Array.from({ length: count }, (_, i) => (i + 1) * recordBytes),
        offsets: Float64Array.from({ length: count }, (_, i) => first + i),
        next: at,
        proof: '',
      }
    },
    confirm() {},
    async close() {},
  }
}

for (const millions of [1, 10]) {
  const keys = Math.round(millions * 1_000_000 * scale)
  const messages = Math.round(500_000 * scale)
  await withFolder(async (data) => {
    let end = keys
    const run = (): ReturnType<typeof runWorker> =>
      runWorker({
        pipeline: keyedSum,
        durability: 'process',
        data,
        cacheBytes: (keys * (cellBytes + blockBytes)) / 2,
        source: () => amountsUpTo(end, keys),
      })
    await run()
    await measure(`keyed sum, ${keys} keys, memory for half`, 'messages/s', async () => {
      end += messages
      return messages / (await run()).seconds
    })
  })
}
