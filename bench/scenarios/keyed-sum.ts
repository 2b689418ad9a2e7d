/** A sum per key, over few keys and many: what commits, write-back and reads cost when hardly any entity is met twice in a batch. */
import { encoding, decoding, entity, pipeline, sink, source } from 'millrace'
import { random } from '../../examples/random.ts'
import { compare, scale, timed } from '../support/measure.ts'
import { memorySource, type Recorded } from '../support/memory-source.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'

type Amount = { key: string; amount: number }

const amounts = source(
  'amounts',
  decoding((bytes): Amount => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
    return { key: `k${view.getUint32(0)}`, amount: view.getUint32(4) }
  }),
)
const sums = sink(
  'sums',
  encoding(({ key, sum }: { key: string; sum: number }) => `${key} ${sum}`),
)
const Sum = entity('sum', {
  state: () => ({ sum: 0, count: 0 }),
  on: {
    add(state, { key, amount }: Amount) {
      state.sum += amount
      state.count += 1
      if (state.count % 1_000 === 0) return { key, sum: state.sum }
    },
  },
})
const keyedSum = pipeline('keyed-sum', ({ from }) => {
  from(amounts)
    .keyBy(({ key }) => key)
    .to(Sum.add)
    .into(sums)
})

function generate(keys: number, count: number): Recorded {
  const next = random(keys)
  const buffer = new Uint8Array(count * 8)
  const view = new DataView(buffer.buffer)
  for (let i = 0; i < count; i++) {
    view.setUint32(i * 8, Math.floor(next() * keys))
    view.setUint32(i * 8 + 4, i % 1_000)
  }
  return {
    buffer,
    starts: Uint32Array.from({ length: count }, (_, i) => i * 8),
    ends: Uint32Array.from({ length: count }, (_, i) => i * 8 + 8),
  }
}

for (const keys of [1_000, 100_000, 1_000_000]) {
  const count = Math.round(1_000_000 * scale)
  const recorded = generate(keys, count)
  const floor = (): number => {
    const states = new Map<string, { sum: number; count: number }>()
    return timed(() => {
      const view = new DataView(recorded.buffer.buffer)
      for (let i = 0; i < count; i++) {
        const key = `k${view.getUint32(i * 8)}`
        let state = states.get(key)
        if (state === undefined) states.set(key, (state = { sum: 0, count: 0 }))
        state.sum += view.getUint32(i * 8 + 4)
        state.count += 1
      }
    })
  }
  await compare(
    `keyed sum, ${keys} keys, process`,
    count,
    () =>
      withFolder(
        async (data) =>
          (
            await runWorker({
              pipeline: keyedSum,
              durability: 'process',
              data,
              source: (name) => memorySource(name, recorded, count),
            })
          ).seconds,
      ),
    floor,
  )
}
