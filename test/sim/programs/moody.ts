import { entity, json, pipeline, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

/** A mood that no state, message or ctx knows of, and that goes on through crashes: what no handler may depend on. */
let mood = new Prng(0, 0)

const Purse = entity('purse', {
  state: () => ({ coins: 0, given: 0 }),
  on: {
    fill(purse, { coins }: { coins: number }, ctx) {
      purse.coins += coins
      const share = mood.below(purse.coins + 1)
      ctx.send(Purse.take, `p${mood.below(4)}`, { coins: share })
      purse.coins -= share
      purse.given += share
      if (mood.chance(0.2)) throw new Error('in a mood')
    },
    take(purse, { coins }: { coins: number }) {
      if (purse.given > 3 && mood.chance(0.1)) void purse.given
      purse.coins += coins
    },
  },
})

const coins = source(
  'coins',
  json((raw) => raw as { key: string; coins: number }),
)

const purses = pipeline('purses', ({ from }) => {
  from(coins)
    .keyBy((coin) => coin.key)
    .to(Purse.fill)
})

/** Handlers that are not deterministic: no coin may be made or lost by that, except with a message that failed. */
export function moodyOf(prng: Prng): SimProgram {
  mood = new Prng(prng.u32(), prng.u32())
  const records = Array.from({ length: prng.below(60) }, () => ({ key: `p${prng.below(4)}`, coins: 1 + prng.below(9) }))
  return {
    name: 'moody',
    plans: [compile(purses)],
    codec: createCodec(),
    inputs: [{ source: 'coins', partitions: dealt(records.map(bytesOf), 1 + prng.below(2)) }],
    isDeterministic: false,
  }
}
