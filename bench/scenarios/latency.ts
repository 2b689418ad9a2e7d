/**
 * Latency from source to sink at half load, of market spread from memory: from when a record was due until the sink is given its
 * output. An open loop: records are due by the clock, at half the rate that the same job reaches flat out in the same run, and
 * nobody waits for anybody. A worker that stands still is charged with every record that became due meanwhile.
 * `--per-second=NUMBER`: at this rate instead.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateEvents } from '../../examples/market-spread/generate.ts'
import { short, spreadOf } from '../support/figures.ts'
import { print, quick, rounds } from '../support/measure.ts'
import { option } from '../support/options.ts'
import { withFolder } from '../support/run-worker.ts'
import { type Percentile, steady, type SteadyJob, type SteadyRun, usualWindow } from '../support/steady.ts'

const job = new URL('../support/jobs/market.ts', import.meta.url)
const percentiles: readonly Percentile[] = ['p50', 'p99', 'p99.9', 'p99.99']
/** Until the thread of the TypeScript loader has collected what it has left: V8 does that three times, when a thread was idle for eight seconds, as a rule. */
const loaderRestsMs = 11_000
const window = { ...usualWindow, warmMs: loaderRestsMs, measureMs: quick ? 3_000 : 10_000 }

const given = option('per-second', 0)
const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0)

await withFolder(async (folder) => {
  const file = join(folder, 'events')
  writeFileSync(file, generateEvents({ count: 200_000, seed: 1 }))
  for (const workers of [1, 2]) {
    for (const durability of ['process', 'disk'] as const) {
      const setting = { job, workers, durability, file }
      const perSecond = given || (await halfOf(setting))
      const runs: SteadyRun[] = []
      for (let round = 0; round < rounds; round++) runs.push(await steady({ ...setting, window, perSecond }))
      const figures = percentiles.map((name) => {
        const { median, lowest, highest } = spreadOf(runs.map(({ latencyMs }) => latencyMs[name]))
        return `${name} ${ms(median)} (${ms(lowest)} to ${ms(highest)})`
      })
      const reached = spreadOf(runs.map((run) => run.perSecond)).median
      const kept = reached > 0.98 * perSecond ? '' : `, of which it handled ${short(reached)}/s`
      const cores = spreadOf(runs.map((run) => (run.perSecond * run.cpuNs) / 1e9)).median
      const stolen = runs.flatMap((run) => run.stolen ?? [])
      const taken = stolen.length === 0 ? 'an unknown part' : `${(100 * spreadOf(stolen).median).toFixed(1)} %`
      const outputs = short(spreadOf(runs.map(({ latencies }) => latencies)).median)
      print(
        `latency, ${durability}, ${workers} worker${workers === 1 ? '' : 's'}`,
        `${figures.join(', ')} ms`,
        `at ${short(perSecond)} records/s${kept}, ${cores.toFixed(2)} cores, ${outputs} outputs a run, of processor time the host took ${taken}`,
      )
    }
  }
})

/** Half of the rate that the job reaches flat out. */
async function halfOf(setting: Omit<SteadyJob, 'window' | 'perSecond'>): Promise<number> {
  const rates: number[] = []
  for (let round = 0; round < 3; round++)
    rates.push((await steady({ ...setting, window: usualWindow, perSecond: 0 })).perSecond)
  return Math.round(spreadOf(rates).median / 2)
}
