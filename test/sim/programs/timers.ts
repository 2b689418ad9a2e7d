import { entity, json, pipeline, sink, source } from 'millrace'
import { compile } from '../../../api/compile.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

type Command = {
  key: string
  what: 'after' | 'at' | 'cancel' | 'move' | 'chain' | 'forget' | 'touch'
  ms: number
  id: string | undefined
}

/** Timers that are set, moved and cancelled; one that sets itself again; one for a time that is over. */
const Alarm = entity('alarm', {
  state: () => ({ set: 0, rung: 0, log: new Array<string>() }),
  on: {
    command(alarm, { what, ms, id }: Command, ctx) {
      const named = id === undefined ? undefined : { id }
      alarm.set += 1
      if (what === 'after') ctx.after(ms, Alarm.ring, { left: 0, note: `after ${ms}` }, named)
      else if (what === 'at') ctx.at(ctx.now + ms - 500, Alarm.ring, { left: 0, note: `at ${ms - 500}` }, named)
      else if (what === 'cancel') ctx.cancel(Alarm.ring, id)
      else if (what === 'move') {
        ctx.after(1, Alarm.ring, { left: 0, note: 'never' }, named)
        ctx.after(ms, Alarm.ring, { left: 1, note: `moved to ${ms}` }, named)
      } else if (what === 'chain') ctx.after(ms, Alarm.ring, { left: 3, note: `chain ${ms}` }, named)
      else if (what === 'forget') ctx.forget()
    },
    ring(alarm, { left, note }: { left: number; note: string }, ctx) {
      alarm.rung += 1
      alarm.log = [...alarm.log, `${note} ${left}`].slice(-5)
      if (left > 0) ctx.after(7, Alarm.ring, { left: left - 1, note }, left === 2 ? { id: 'other' } : undefined)
      return { key: ctx.key, note, left, rung: alarm.rung }
    },
  },
})

/** Forgotten when nobody has reached it for a while. */
const Guest = entity('guest', {
  state: () => ({ visits: 0 }),
  ttlMs: 400,
  on: {
    visit(guest, _: Command, ctx) {
      guest.visits += 1
      if (guest.visits % 3 === 0) ctx.after(1_000, Guest.remind)
    },
    remind(guest) {
      guest.visits += 100
      return { key: 'guest', note: 'reminded', left: 0, rung: guest.visits }
    },
  },
})

const commands = source(
  'commands',
  json((raw) => raw as Command),
)
const rings = sink(
  'rings',
  json((raw) => raw as { key: string; note: string; left: number; rung: number }),
)

const alarms = pipeline('alarms', ({ from }) => {
  const all = from(commands)
  all.keyBy((command) => command.key).to(Alarm.command)
  all.keyBy((command) => command.key).to(Guest.visit)
  from(Alarm.ring).into(rings)
  from(Guest.remind).into(rings)
})

export function timersOf(prng: Prng): SimProgram {
  const records = Array.from(
    { length: prng.below(50) },
    (): Command => ({
      key: `k${prng.below(4)}`,
      what: prng.pick(['after', 'after', 'at', 'cancel', 'move', 'chain', 'forget', 'touch']),
      ms: prng.pick([0, 1, 50, 600, 3_000]),
      id: prng.pick([undefined, 'one', 'other']),
    }),
  )
  return {
    name: 'timers',
    plans: [compile(alarms)],
    codec: createCodec(),
    inputs: [{ source: 'commands', partitions: dealt(records.map(bytesOf), 1 + prng.below(2)) }],
    settleMs: prng.pick([1_000, 60_000]),
  }
}
