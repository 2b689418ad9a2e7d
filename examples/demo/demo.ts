/**
 * `npm run demo`: the same flights through the same pipeline twice, once undisturbed and once in a process that is killed with
 * SIGKILL again and again. Then it is seen whether anybody can tell the difference.
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
import { runThroughKills } from './run-through-kills.ts'
import { Screen } from './screen.ts'

const { values } = parseArgs({
  options: {
    flights: { type: 'string', default: '300000' },
    kills: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 10_000) },
  },
})
const [flights, kills, seed] = [Number(values.flights), Number(values.kills), Number(values.seed)]
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
  const killed = await timed('killed', input, momentsOf())
  screen.say()
  if (killed.kills < kills) {
    screen.say(`It was done after ${killed.kills} kills: give it more --flights, or fewer --kills`)
    return false
  }
  return areEqual(undisturbed.result, killed.result)
}

/** Says what was compared, and how it came out. */
function areEqual(undisturbed: Result, killed: Result): boolean {
  const different = differences(undisturbed, killed)
  if (departures(killed) !== flights) different.push(`${count(departures(killed))} departures were counted`)
  for (const difference of different.slice(0, 5)) screen.say(difference)
  screen.say(screen.bold(different.length === 0 ? 'Equal:' : `NOT EQUAL, ${different.length} differences in:`))
  screen.say(`  states of ${count(killed.airports.size)} airports and ${count(killed.routes.size)} routes`)
  screen.say(
    `  ${count(lineCount(killed.jams))} jams and clears, ${count(lineCount(killed.records))} records: those of each key in their order`,
  )
  return different.length === 0
}

/** Moments that are spread over the whole run, each drawn within its part of it. */
function momentsOf(): number[] {
  const next = random(seed)
  return Array.from({ length: kills }, (_, i) => Math.floor((flights * (i + 0.1 + 0.8 * next())) / (kills + 0.5)))
}

async function timed(label: string, input: string, killAt: number[]): Promise<{ kills: number; result: Result }> {
  const home = join(folder, label)
  await mkdir(home)
  const startMs = performance.now()
  const rate = (done: number) => `${count((1_000 * done) / (performance.now() - startMs))} flights/s`
  const { kills, ms } = await runThroughKills({ folder: home, input }, killAt, {
    committed: (done) => screen.bar(label, done, flights, `${count(done)} flights  ${rate(done)}`),
    killed: (at) => screen.say(`${label.padEnd(12)} kill -9 at flight ${count(at)}, started again`),
  })
  const how = kills === 0 ? '' : `, ${kills} kills and ${kills} restarts included`
  screen.say(`${label.padEnd(12)} ${screen.bold(rate(flights))}, ${(ms / 1_000).toFixed(1)} s${how}`)
  return { kills, result: await resultOf(home, input) }
}
