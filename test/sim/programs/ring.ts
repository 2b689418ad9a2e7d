import { entity, json, pipeline, sink, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { Plan } from '../../../runtime/shard/plan.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

/** `stamp`: when it was passed on, and by a node that had seen how many: done again, it may be another message. */
type Token = { id: number; hops: number; fan: number; size: number; stamp: string }

/** A ring of entities. A token walks on until its hops are used up; one with a fan is sent to several at once. */
const Node = entity('node', {
  state: () => ({ seen: 0, last: -1, sum: 0 }),
  on: {
    pass(node, token: Token, ctx) {
      node.seen += 1
      node.last = token.id
      node.sum += Math.floor(ctx.random() * 1_000)
      const at = Number(ctx.key.slice(1))
      if (token.hops > 0) {
        for (let i = 0; i < token.fan; i++)
          ctx.send(Node.pass, `n${(at + 1 + i) % token.size}`, {
            ...token,
            hops: token.hops - 1,
            stamp: `${ctx.now}/${node.seen}`,
          })
      }
      if (token.hops === 0) return { id: token.id, at: ctx.key, seen: node.seen }
    },
  },
})

const tokens = source(
  'tokens',
  json((raw) => raw as Token & { start: number }),
)
const arrivals = sink(
  'arrivals',
  json((raw) => raw as { id: number; at: string; seen: number }),
)

const ring = pipeline('ring', ({ from }) => {
  from(tokens)
    .keyBy((token) => `n${token.start}`)
    .to(Node.pass)
  from(Node.pass).into(arrivals)
})

/** The same, but nobody outside hears of it. */
const silentRing = pipeline('silent-ring', ({ from }) => {
  from(tokens)
    .keyBy((token) => `n${token.start}`)
    .to(Node.pass)
})

export function ringOf(prng: Prng): SimProgram {
  return withTokens('ring', compile(ring), prng)
}

export function silentRingOf(prng: Prng): SimProgram {
  return withTokens('silent ring', compile(silentRing), prng)
}

function withTokens(name: string, plan: Plan, prng: Prng): SimProgram {
  const size = 1 + prng.below(6)
  const records = Array.from({ length: prng.below(20) }, (_, id) => {
    const fan = prng.pick([1, 1, 1, 2, 3])
    return { id, start: prng.below(size), fan, size, stamp: '', hops: prng.below(fan === 1 ? 20 : 4) }
  })
  return {
    name,
    plans: [plan],
    codec: createCodec(),
    inputs: [{ source: 'tokens', partitions: dealt(records.map(bytesOf), 1 + prng.below(3)) }],
  }
}
