import { readFile } from 'node:fs/promises'
import type { AnyEntity, Running } from 'millrace'
import { run } from 'millrace'
import { Airport, Route } from './flights.ts'
import { dataOf, outputs, programIn } from './program.ts'

/** What a run has made: outputs of each key in their order, and the state of each key. */
export interface Result {
  readonly jams: Keyed
  readonly records: Keyed
  readonly airports: Keyed
  readonly routes: Keyed
}
type Keyed = ReadonlyMap<string, string>

export async function resultOf(folder: string, input: string): Promise<Result> {
  const running = await run(programIn(folder, input, false), { data: dataOf(folder) })
  const [airports, routes] = [await statesOf(running, Airport), await statesOf(running, Route)]
  await running.stop()
  const { jams, records } = outputs(folder)
  return { jams: await linesBy('airport', jams), records: await linesBy('route', records), airports, routes }
}

/** What differs, in words; empty when nothing does. */
export function differences(a: Result, b: Result): string[] {
  return (Object.keys(a) as (keyof Result)[]).flatMap((what) => {
    const keys = new Set([...a[what].keys(), ...b[what].keys()])
    return [...keys]
      .filter((key) => a[what].get(key) !== b[what].get(key))
      .map((key) => `${what} of ${key}:\n  undisturbed ${a[what].get(key)}\n  disturbed   ${b[what].get(key)}`)
  })
}

/** How many flights the airports have counted: as many as there are, each once. */
export function departures({ airports }: Result): number {
  return [...airports.values()].reduce(
    (sum, state) => sum + (JSON.parse(state) as { departures: number }).departures,
    0,
  )
}

export function lineCount(lines: Keyed): number {
  return [...lines.values()].reduce((count, text) => count + text.split('\n').length, 0)
}

async function statesOf(running: Running, entity: AnyEntity<object>): Promise<Keyed> {
  const states = new Map<string, string>()
  for await (const [key, state] of running.scan(entity)) states.set(key, JSON.stringify(state))
  return states
}

async function linesBy(field: string, path: string): Promise<Keyed> {
  const lines = new Map<string, string>()
  for (const line of (await readFile(path, 'utf8')).trimEnd().split('\n')) {
    const key = (JSON.parse(line) as Record<string, string>)[field]!
    const before = lines.get(key)
    lines.set(key, before === undefined ? line : `${before}\n${line}`)
  }
  return lines
}
