/** What bad records cost: none, one in a hundred, and every other one, that a handler throws at, or that do not even decode. */
import { decoding, entity, type Pipeline, pipeline, source } from 'millrace'
import { inTurn, scale, timed } from '../support/measure.ts'
import { memorySource, type Recorded } from '../support/memory-source.ts'
import { runWorker, withFolder } from '../support/run-worker.ts'

type Reading = { key: string; value: number }

const count = Math.round(500_000 * scale)
const recordBytes = 8
const keys = 10_000
const good = 0
const throws = 1
const garbled = 2

const readings = source(
  'readings',
  decoding((bytes): Reading => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, recordBytes)
    if (view.getUint32(4) === garbled) throw new RangeError('this is no reading')
    return { key: `k${view.getUint32(0)}`, value: view.getUint32(4) }
  }),
)
const Gauge = entity('gauge', {
  state: () => ({ count: 0 }),
  on: {
    read(gauge, { value }: Reading) {
      gauge.count += 1
      if (value === throws) throw new RangeError('this is out of range')
    },
  },
})
const gauges: Pipeline = pipeline('gauges', ({ from }) => {
  from(readings)
    .keyBy(({ key }) => key)
    .to(Gauge.read)
})

/** `percent` of the records are of the kind `bad`. */
function generate(percent: number, bad: number): Recorded {
  const buffer = new Uint8Array(count * recordBytes)
  const view = new DataView(buffer.buffer)
  for (let i = 0; i < count; i++) {
    view.setUint32(i * recordBytes, (i * 7_919) % keys)
    // A multiplicative hash (Knuth): evenly spread, and no key has all of them.
    view.setUint32(i * recordBytes + 4, Math.imul(i, 2_654_435_761) >>> 0 < (percent / 100) * 2 ** 32 ? bad : good)
  }
  const starts = Uint32Array.from({ length: count }, (_, i) => i * recordBytes)
  return { buffer, starts, ends: starts.map((start) => start + recordBytes) }
}

/** The bare loop: throws and catches as often, and keeps the errors nowhere. */
function floor({ buffer }: Recorded): number {
  const states = new Map<string, { count: number }>()
  const view = new DataView(buffer.buffer)
  return timed(() => {
    for (let i = 0; i < count; i++) {
      try {
        const value = view.getUint32(i * recordBytes + 4)
        const key = `k${view.getUint32(i * recordBytes)}`
        let state = states.get(key)
        if (state === undefined) states.set(key, (state = { count: 0 }))
        if (value !== good) throw new RangeError('this is out of range')
        state.count += 1
      } catch {
        continue
      }
    }
  })
}

async function secondsOf(recorded: Recorded): Promise<number> {
  return await withFolder(async (data) => {
    const source = (name: string): ReturnType<typeof memorySource> => memorySource(name, recorded, count)
    return (await runWorker({ pipeline: gauges, durability: 'process', data, source })).seconds
  })
}

const clean = generate(0, good)
await secondsOf(clean)
for (const [what, bad] of [
  ['a handler throws', throws],
  ['do not decode', garbled],
] as const) {
  for (const percent of [1, 50]) {
    const recorded = generate(percent, bad)
    floor(recorded)
    await inTurn([
      { name: 'no poison', run: async () => ({ perSecond: count / (await secondsOf(clean)) }) },
      { name: `${percent} % ${what}`, run: async () => ({ perSecond: count / (await secondsOf(recorded)) }) },
      { name: `  the floor of that`, run: () => Promise.resolve({ perSecond: count / floor(recorded) }) },
    ])
  }
}
