import { entity, json, pipeline, sink, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

type Visit = {
  key: string
  partner: string
  times: number
  what: 'meet' | 'look' | 'forget' | 'forget and look' | 'ask'
}

/** What is remembered about partners is stored apart, and goes when the entity is forgotten. */
const Host = entity('host', {
  state: () => ({ visits: 0 }),
  activity: () => ({ met: 0, notes: new Set<string>() }),
  on: {
    visit(host, visit: Visit, ctx) {
      const { partner, what } = visit
      visit.times += 1 // before the activity is asked for, which may not be at hand yet
      if (what === 'forget') {
        ctx.forget()
        return
      }
      const activity = ctx.activity(partner)
      if (what === 'meet') {
        host.visits += 1
        activity.met += visit.times
        activity.notes.add(`n${host.visits % 3}`)
      }
      if (what === 'ask') ctx.send(Partner.question, partner, { from: ctx.address(Host.answer), about: ctx.key })
      if (what === 'forget and look') ctx.forget()
      return { key: ctx.key, partner, met: activity.met, visits: host.visits }
    },
    answer(host, { partner, count }: { partner: string; count: number }, ctx) {
      host.visits += 1
      ctx.activity(partner).met += count
    },
  },
})

const Partner = entity('partner', {
  state: () => ({ asked: 0 }),
  on: {
    question(partner, { from }: { from: { entity: string; handler: string; key: string }; about: string }, ctx) {
      partner.asked += 1
      ctx.reply(from, { partner: ctx.key, count: partner.asked })
    },
  },
})

const visits = source(
  'visits',
  json((raw) => raw as Visit),
)
const meetings = sink(
  'meetings',
  json((raw) => raw as { key: string; partner: string; met: number; visits: number }),
)

const hosting = pipeline('hosting', ({ from, use }) => {
  use(Partner)
  from(visits)
    .keyBy((visit) => visit.key)
    .to(Host.visit)
    .into(meetings)
})

export function partnersOf(prng: Prng): SimProgram {
  const records = Array.from(
    { length: prng.below(60) },
    (): Visit => ({
      key: `h${prng.below(3)}`,
      partner: `p${prng.below(5)}`,
      times: 0,
      what: prng.pick(['meet', 'meet', 'meet', 'look', 'forget', 'forget and look', 'ask']),
    }),
  )
  return {
    name: 'partners',
    plans: [compile(hosting)],
    codec: createCodec(),
    inputs: [{ source: 'visits', partitions: dealt(records.map(bytesOf), 1 + prng.below(2)) }],
  }
}
