/** The job of a sum per key: a record is a key and an amount, in four bytes each. */
import { decoding, encoding, entity, type Pipeline, pipeline, sink, type Source, source } from 'millrace'
import { random } from '../../examples/random.ts'

export type Amount = { key: string; amount: number }

export const amountBytes = 8

export function amountsPart(part: number): Source<Amount> {
  return source(`amounts${part}`, decoding(decodeAmount))
}

function decodeAmount(bytes: Uint8Array): Amount {
  const view = new DataView(bytes.buffer, bytes.byteOffset, amountBytes)
  return { key: `k${view.getUint32(0)}`, amount: view.getUint32(4) }
}

export const sums = sink(
  'sums',
  encoding(({ key, sum }: { key: string; sum: number }) => `${key} ${sum}`),
)
export const Sum = entity('sum', {
  state: () => ({ sum: 0, count: 0 }),
  on: {
    add(state, { key, amount }: Amount) {
      state.sum += amount
      state.count += 1
      if (state.count % 1_000 === 0) return { key, sum: state.sum }
    },
  },
})

export function keyedSum(parts: readonly Source<Amount>[]): Pipeline {
  return pipeline('keyed-sum', ({ from }) => {
    for (const part of parts)
      from(part)
        .keyBy(({ key }) => key)
        .to(Sum.add)
        .into(sums)
  })
}

/** Records over `keys` keys, chosen evenly; the first ones meet every key once. */
export function generateAmounts(keys: number, count: number): Uint8Array<ArrayBuffer> {
  const next = random(keys)
  const buffer = new Uint8Array(count * amountBytes)
  const view = new DataView(buffer.buffer)
  for (let i = 0; i < count; i++) {
    // 7919 is prime, and divides no number of keys that is asked for.
    view.setUint32(i * amountBytes, i < keys ? (i * 7_919) % keys : Math.floor(next() * keys))
    view.setUint32(i * amountBytes + 4, i % 1_000)
  }
  return buffer
}
