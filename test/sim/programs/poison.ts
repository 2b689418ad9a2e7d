import { entity, json, pipeline, type Source, sink, source } from 'millrace'
import { compile, sinkPlan } from '../../../api/compile.ts'
import { deadLettersEnd } from '../../../api/dead-letters.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import { createCodec } from '../../../runtime/codec/codec.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { bytesOf, dealt } from './kit.ts'

type Task = {
  key: string
  what: 'fine' | 'throws' | 'throws late' | 'bad state' | 'bad message' | 'bad partner' | 'throws if odd' | 'caught'
  n: number
}

/** Handlers that fail in every way there is: nothing of what they did may stay, and nobody else may notice. */
const Job = entity('job', {
  state: () => ({ done: 0, list: new Array<unknown>() }),
  activity: () => ({ done: 0, junk: undefined as unknown }),
  on: {
    run(job, { what, n }: Task, ctx) {
      job.done += 1
      job.list = [...job.list, n].slice(-4)
      ctx.activity(`p${n % 3}`).done += 1
      if (what === 'throws') throw new Error(`task ${n} fails`)
      ctx.send(Job.note, `job-${n % 5}`, { n })
      ctx.after(20, Job.late, { n, fails: what === 'throws late' })
      if (what === 'bad state') job.list.push(() => n)
      if (what === 'bad message') ctx.send(Job.note, 'job-0', { n: (() => n) as unknown as number })
      if (what === 'bad partner') ctx.activity('p0').junk = () => n
      if (what === 'throws if odd' && job.done % 2 === 1) throw new Error(`task ${n} is odd`)
      if (what === 'caught') {
        try {
          ctx.send(Job.note, 'job-1', { n: Symbol('no data') as unknown as number })
        } catch {
          job.done += 10
        }
      }
      return { key: ctx.key, done: job.done, n }
    },
    note(job, { n }: { n: number }) {
      if (n % 7 === 6) throw new RangeError(`note ${n} fails`)
      job.done += 1
    },
    late(job, { n, fails }: { n: number; fails: boolean }, ctx) {
      if (fails) throw new Error(`task ${n} fails late`)
      job.done += 1
      ctx.cancel(Job.late)
    },
  },
})

/** Tries again, and gives up after a while. */
const Stubborn = entity('stubborn', {
  state: () => ({ done: 0, tries: 0 }),
  onError: { retry: 2, delayMs: 30, then: 'dead-letter' },
  on: {
    run(stubborn, { what, n }: Task, ctx) {
      stubborn.tries += 1
      if (what.startsWith('throws') && ctx.now % 3 !== 0) throw new Error(`try ${n} fails`)
      stubborn.done += 1
      return { key: ctx.key, done: stubborn.done, n }
    },
  },
})

/** Tries again at once: whether that helps depends on who came between. */
const Hasty = entity('hasty', {
  state: () => ({ done: 0 }),
  onError: { retry: 3, delayMs: 0, then: 'dead-letter' },
  on: {
    run(hasty, { what, n }: Task, ctx) {
      if (what.startsWith('throws') && hasty.done % 3 !== 0) throw new Error(`${n} is too hasty`)
      hasty.done += 1
      return { key: ctx.key, done: hasty.done, n }
    },
  },
})

const tasks = source(
  'tasks',
  json((raw) => raw as Task),
)
/** There are records that it cannot read. */
const tasksByKey = source('tasks', {
  ...json((raw) => raw as Task),
  key: (bytes) => (JSON.parse(new TextDecoder().decode(bytes)) as Task).key,
})
const results = sink(
  'results',
  json((raw) => raw as { key: string; done: number; n: number }),
)

const workingOn = (of: Source<Task>) =>
  pipeline('working', ({ from }) => {
    const good = from(of).map((task) => {
      if (task.n % 29 === 28) throw new Error('this step fails')
      return task
    })
    good
      .keyBy((task) => task.key)
      .to(Job.run)
      .into(results)
    good
      .keyBy((task) => (task.n % 31 === 30 ? (undefined as unknown as string) : task.key))
      .to(Stubborn.run)
      .into(results)
    good
      .keyBy((task) => task.key)
      .to(Hasty.run)
      .into(results)
  })

const working = workingOn(tasks)
const workingByKey = workingOn(tasksByKey)

/** `share`: how much of it is poison. */
export function poisonOf(prng: Prng, share: number): SimProgram {
  const bad = ['throws', 'throws late', 'bad state', 'bad message', 'bad partner', 'throws if odd', 'caught'] as const
  const records = Array.from(
    { length: prng.below(80) },
    (_, n): Task => ({ key: `job-${prng.below(5)}`, what: prng.chance(share) ? prng.pick(bad) : 'fine', n }),
  )
  const plan = compile(prng.chance(0.5) ? workingByKey : working)
  // Dead letters stay in the store, or go where the user wants them.
  const bound = { ...plan, sinks: [...plan.sinks, sinkPlan(deadLettersEnd)], deadLetterSink: plan.sinks.length }
  return {
    name: `poison ${share}`,
    plans: [prng.chance(0.5) ? bound : plan],
    codec: createCodec(),
    inputs: [
      {
        source: 'tasks',
        partitions: dealt(
          records.map((task) => (task.n % 37 === 36 ? new Uint8Array([0x7b]) : bytesOf(task))),
          1 + prng.below(2),
        ),
      },
    ],
  }
}
