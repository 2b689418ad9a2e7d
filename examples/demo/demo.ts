/**
 * `npm run demo`: the same flights through the same pipeline twice, once undisturbed and once in a process that is killed with
 * SIGKILL again and again, and that gets and loses worker threads while it runs. Then it is seen whether anybody can tell the
 * difference.
 *
 *   npm run demo -- --flights 1000000 --kills 10 --seed 7
 */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { random } from '../random.ts'
import { departures, differences, lineCount, type Result, resultOf } from './compare.ts'
import { writeFlights } from './flight-data.ts'
import { Feed } from './feed.ts'
import { type Moment, runDisturbed } from './run-disturbed.ts'
import { Screen } from './screen.ts'

const { values } = parseArgs({
  options: {
    flights: { type: 'string', default: '200000' },
    kills: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 10_000) },
  },
})
const [flights, kills, seed] = [Number(values.flights), Math.max(1, Number(values.kills)), Number(values.seed)]
const screen = new Screen()
const count = (value: number) => Math.round(value).toLocaleString('en')

const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
process.once('SIGINT', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(130)
})
try {
  if (!(await demo())) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function demo(): Promise<boolean> {
  const input = join(folder, 'flights.ndjson')
  await writeFlights(input, flights, (written) => screen.bar('reading', written, flights, 'from vega-datasets'))
  screen.say(
    `${screen.bold(count(flights))} flights of 2001, from the npm package vega-datasets; kills from seed ${seed}`,
  )
  screen.say()
  const undisturbed = await timed('undisturbed', input, [])
  const disturbed = await timed('disturbed', input, momentsOf())
  screen.say()
  return areEqual(undisturbed, disturbed)
}

/** Says what was compared, and how it came out. */
function areEqual(undisturbed: Result, disturbed: Result): boolean {
  const different = differences(undisturbed, disturbed)
  if (departures(disturbed) !== flights) different.push(`${count(departures(disturbed))} departures were counted`)
  for (const difference of different.slice(0, 5)) screen.say(difference)
  screen.say(screen.bold(different.length === 0 ? 'Equal:' : `NOT EQUAL, ${different.length} differences in:`))
  screen.say(`  states of ${count(disturbed.airports.size)} airports and ${count(disturbed.routes.size)} routes`)
  screen.say(
    `  ${count(lineCount(disturbed.jams))} jams and clears, ${count(lineCount(disturbed.records))} records: those of each key in their order`,
  )
  return different.length === 0
}

/** Moments that are spread over the whole run, each drawn within its part of it. The number of workers changes before, between and after kills. */
function momentsOf(): Moment[] {
  const next = random(seed)
  const what: ({ kill: true } | { workers: number })[] = Array.from({ length: kills }, () => ({ kill: true }))
  what.splice(kills - 1, 0, { workers: 1 })
  what.splice(1, 0, { workers: 3 })
  what.unshift({ workers: 2 })
  const part = flights / (what.length + 0.5)
  return what.map((done, i) => ({ ...done, at: Math.floor(part * (i + 0.1 + 0.8 * next())) }))
}

async function timed(label: string, input: string, moments: Moment[]): Promise<Result> {
  const home = join(folder, label)
  await mkdir(home)
  const startMs = performance.now()
  const rate = (done: number) => `${count((1_000 * done) / (performance.now() - startMs))} flights/s`
  const growing = join(home, 'flights.ndjson')
  const feed = moments.length === 0 ? undefined : new Feed(input, growing)
  const own = feed === undefined ? input : growing
  const { ms } = await runDisturbed(
    { folder: home, input: own, feed, moments },
    {
      committed: (done) => screen.bar(label, done, flights, `${count(done)} flights  ${rate(done)}`),
      killed: (at) => screen.say(`${label.padEnd(12)} kill -9 at flight ${count(at)}, started again`),
      scaled: (at, { before, workers, pausedMs }) =>
        screen.say(`${label.padEnd(12)} ${before} -> ${workers} workers at flight ${count(at)}, paused ${pausedMs} ms`),
    },
  )
  const how = moments.length === 0 ? '' : `, ${kills} kills and ${moments.length - kills} changes of workers included`
  screen.say(`${label.padEnd(12)} ${screen.bold(rate(flights))}, ${(ms / 1_000).toFixed(1)} s${how}`)
  return await resultOf(home, own)
}
