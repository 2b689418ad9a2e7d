import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { differences, type Result } from '../../examples/demo/compare.ts'
import { Airport, Route } from '../../examples/demo/flights.ts'
import { context } from 'millrace/testing'
import { example } from './support/millrace.ts'

test('the demo kills its process, adds and removes workers, finds no difference, and leaves nothing behind', {
  timeout: 120_000,
}, async () => {
  const before = await leftBehind()
  const demo = spawn(process.execPath, [
    ...process.execArgv,
    example('demo/demo.ts'),
    '--flights',
    '40000',
    '--kills',
    '2',
  ])
  const [stdout, stderr, [code]] = await Promise.all([text(demo.stdout), text(demo.stderr), once(demo, 'close')])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.match(/kill -9 at flight/g)).toHaveLength(2)
  expect(stdout.match(/\d -> \d workers at flight/g)).toEqual(
    ['1 -> 2', '2 -> 3', '3 -> 1'].map((change) => `${change} workers at flight`),
  )
  expect(stdout).toMatch(/2 kills and 3 changes of workers included\n\nEqual:\n/)
  expect(stdout).not.toContain('\u001b') // it is no terminal
  expect(await leftBehind()).toEqual(before)
})

test('the demo would see a difference', () => {
  const result = (jams: [string, string][]): Result => ({
    jams: new Map(jams),
    records: new Map(),
    airports: new Map(),
    routes: new Map(),
  })
  expect(differences(result([['SFO', 'a']]), result([['SFO', 'a']]))).toEqual([])
  const lost = differences(result([['SFO', 'a']]), result([]))
  const twice = differences(result([['SFO', 'a']]), result([['SFO', 'a\na']]))
  const strange = differences(result([]), result([['LAX', 'b']]))
  expect([lost, twice, strange].map((list) => list[0]?.split('\n')[0])).toEqual([
    'jams of SFO:',
    'jams of SFO:',
    'jams of LAX:',
  ])
})

test('six late departures in a row are a jam, and one on time ends it', () => {
  const airport = { departures: 0, delay: 0, lateInARow: 0, expected: 0, expectedLate: 0 }
  const ctx = context({ key: 'SFO' })
  const flight = (delay: number) => ({ at: '2001-01-01T00:00', origin: 'SFO', destination: 'LAX', delay })
  const delays = [20, 20, 20, 20, 20, 20, 30, 0, 0]
  const outputs = delays.map((delay) => Airport.departed(airport, flight(delay), ctx)?.kind)
  expect(outputs.filter(Boolean)).toEqual(['jam', 'clear'])
  expect(airport).toMatchObject({ departures: 9, delay: 150, lateInARow: 0 })
  expect(ctx.sent(Airport.expect)).toEqual(delays.map((delay) => ({ key: 'LAX', message: { delay } })))
  const route = { flights: 0, delay: 0, worst: 0 }
  expect([5, 3, 9].map((delay) => Route.flown(route, flight(delay), ctx)?.before)).toEqual([0, undefined, 5])
})

async function leftBehind(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('millrace-demo-'))
}
