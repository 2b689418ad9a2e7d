import type { SimResult } from '../../runtime/sim/run-seed.ts'
import type { SimProgram } from '../../runtime/sim/sim-program.ts'
import { stream } from '../../runtime/sim/streams.ts'
import { programs } from './programs/all.ts'

/** The program that a seed is run with: everything about a run is in the one number. */
export function programOf(seed: number, name?: string): SimProgram {
  const known = Object.values(programs)
  const make = name === undefined ? known[seed % known.length]! : programs[name]
  if (make === undefined)
    throw new TypeError(`There is no program "${name}": it is one of ${Object.keys(programs).join(', ')}`)
  return make(stream(seed, 'program'))
}

/** What came of a run, for people. */
export function describeResult({
  program,
  seed,
  verdict,
  text,
  faults,
  shape,
  steps,
  handled,
  commits,
}: SimResult): string {
  const { delays, owners, ...plain } = shape
  void delays
  return [
    '',
    `${verdict}: ${program.name}, seed ${seed}`,
    ...(text === '' ? [] : [text]),
    '',
    ...faults.map(({ index, kind, text }) => `  fault ${index}: ${kind}: ${text}`),
    '',
    `${new Set(owners).size} groups; ${steps} events, ${commits} commits, ${handled} messages`,
    JSON.stringify(plain),
  ].join('\n')
}
