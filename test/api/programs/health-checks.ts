import { entity, json, pipeline, seconds, sink, source } from 'millrace'

type Target = { url: string; everyMs: number }
type Probe = { url: string; attempt: number }
type Result = { url: string; attempt: number; ok: boolean }

export const targets = source(
  'targets',
  json((raw) => raw as Target),
)
export const probes = sink(
  'probes',
  json((raw) => raw as Probe),
  { key: (probe) => probe.url },
) // probers read these...
export const results = source(
  'results',
  json((raw) => raw as Result),
) //                            ...and write these
export const changed = sink(
  'changed',
  json((raw) => raw as { url: string; up: boolean }),
)

export const Target = entity('target', {
  state: () => ({ everyMs: 10 * seconds, attempt: 0, failures: 0, up: true }),
  on: {
    watch(target, { everyMs }: Target, ctx) {
      target.everyMs = everyMs
      ctx.after(ctx.random() * everyMs, Target.probe) // spread the fleet over the interval
    },
    probe(target, _: void, ctx) {
      target.attempt += 1
      ctx.after(target.everyMs, Target.probe)
      ctx.after(5 * seconds, Target.silent, { attempt: target.attempt })
      return { url: ctx.key, attempt: target.attempt }
    },
    result(target, { attempt, ok }: Result, ctx) {
      if (attempt !== target.attempt) return // an answer to an older question
      ctx.cancel(Target.silent)
      return note(target, ctx.key, ok)
    },
    silent(target, { attempt }: { attempt: number }, ctx) {
      if (attempt === target.attempt) return note(target, ctx.key, false)
    },
  },
})
function note(target: { failures: number; up: boolean }, url: string, ok: boolean) {
  target.failures = ok ? 0 : target.failures + 1
  const up = target.failures < 3
  if (up === target.up) return
  target.up = up
  return { url, up }
}

export default pipeline('health-checks', ({ from }) => {
  from(targets)
    .keyBy((target) => target.url)
    .to(Target.watch)
  from(Target.probe).into(probes)
  from(results)
    .keyBy((result) => result.url)
    .to(Target.result)
    .into(changed)
  from(Target.silent).into(changed)
})
