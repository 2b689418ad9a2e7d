/** One process of the `open` scenario: fills the store, opens it until the first output, or dies in the middle of its work. */
import { decoding, encoding, entity, pipeline, sink, source } from 'millrace'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import { runWorker } from './run-worker.ts'

const [, , data, mode, entitiesText, fromText] = process.argv
const entities = Number(entitiesText)
const from = Number(fromText)

const numbers = source(
  'numbers',
  decoding((bytes) => new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)),
)
const seen = sink(
  'seen',
  encoding((count: number) => String(count)),
)
const Seen = entity('seen', {
  state: () => ({ count: 0, name: 'a state of a usual size' }),
  on: {
    number(state, _number: number) {
      state.count += 1
      return state.count
    },
  },
})
const program = pipeline('open', ({ from: stream }) => {
  stream(numbers)
    .keyBy((number) => `entity-${number % entities}`)
    .to(Seen.number)
    .into(seen)
})

/** `size` numbers from `first` on, or from where the group has come to. */
function counting(first: number, size: number): SourcePartition {
  let at = first
  let end = first + size
  return {
    source: 'numbers',
    partition: '0',
    failed: undefined,
    get atEnd() {
      return at >= end
    },
    seek(next) {
      at = Math.max(next, first)
      end = at + size
    },
    poll(max) {
      if (at >= end) return undefined
      const count = Math.min(max, end - at)
      const buffer = new Uint8Array(count * 8)
      const view = new DataView(buffer.buffer)
      for (let i = 0; i < count; i++) view.setFloat64(i * 8, (at + i) * 7_919)
      const places = Float64Array.from({ length: count }, (_, i) => i * 8)
      const offsets = Float64Array.from({ length: count }, (_, i) => at + i)
      at += count
      return { count, buffer, starts: places, ends: places.map((place) => place + 8), offsets, next: at, proof: '' }
    },
    confirm() {},
    async close() {},
  }
}

/** Then as many commit records are there as there are going to be. */
const untilDeath = 1_200_000
const size = mode === 'fill' ? entities : mode === 'open' ? 1_000 : Number.POSITIVE_INFINITY
const { firstOutputMs, firstNewOutputMs } = await runWorker({
  pipeline: program,
  durability: 'process',
  data: data!,
  source: () => counting(mode === 'fill' ? 0 : from, size),
  watch: (worker) => {
    if (mode === 'die' && worker.counts.outputs > untilDeath) process.kill(process.pid, 'SIGKILL')
  },
})
if (mode === 'open') console.log(firstOutputMs, firstNewOutputMs)
