import { entity, json, pipeline, sink, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimRequest } from '../../../runtime/sim/journal.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

const Counter = entity('counter', {
  state: () => ({ total: 0 }),
  on: {
    add(counter, { n, next }: { n: number; next: string | undefined }, ctx) {
      if (n % 5 === 4) throw new Error(`${n} is refused`)
      counter.total += n
      if (next !== undefined) ctx.send(Counter.add, next, { n: 1, next: undefined })
      return { key: ctx.key, total: counter.total }
    },
    reset(counter) {
      counter.total = 0
    },
  },
})

const additions = source(
  'additions',
  json((raw) => raw as { key: string; n: number; next: string | undefined }),
)
const totals = sink(
  'totals',
  json((raw) => raw as { key: string; total: number }),
)

const counting = pipeline('counters', ({ from }) => {
  from(additions)
    .keyBy((addition) => addition.key)
    .to(Counter.add)
    .into(totals)
})

/** Requests from outside, with and without ids, among records. */
export function countersOf(prng: Prng): SimProgram {
  const key = (): string => `c${prng.below(4)}`
  const records = Array.from({ length: prng.below(30) }, (_, n) => ({
    key: key(),
    n,
    next: prng.chance(0.3) ? key() : undefined,
  }))
  const requests = Array.from(
    { length: prng.below(25) },
    (_, i): SimRequest => ({
      route: prng.chance(0.9) ? 'counter.add' : 'counter.reset',
      key: key(),
      message: { n: 100 + i, next: prng.chance(0.5) ? key() : undefined },
      wantsAnswer: prng.chance(0.7),
      ...(prng.chance(0.7) ? { id: `request-${i}` } : {}),
    }),
  )
  return {
    name: 'counters',
    plans: [compile(counting)],
    codec: createCodec(),
    inputs: [{ source: 'additions', partitions: dealt(records.map(bytesOf), 1 + prng.below(2)) }],
    requests,
  }
}
