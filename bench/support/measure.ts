import { short, spreadOf } from './figures.ts'
import { flag } from './options.ts'

/** How often each side of a comparison runs. `--quick` is for trying a change, not for quoting. */
export const quick: boolean = flag('quick')
export const rounds = quick ? 3 : 5
export const scale = quick ? 0.25 : 1

/**
 * Runs a subject and its floor in turn, after one uncounted round, and prints the subject's rate, its spread, and the median of
 * the ratios round by round: what holds when the machine's speed drifts.
 */
export async function compare(
  name: string,
  count: number,
  subject: () => Promise<number>,
  floor: () => number,
): Promise<void> {
  floor()
  await subject()
  const rates: number[] = []
  const ratios: number[] = []
  const floors: number[] = []
  for (let round = 0; round < rounds; round++) {
    const floorSeconds = floor()
    const seconds = await subject()
    rates.push(count / seconds)
    floors.push(count / floorSeconds)
    ratios.push(floorSeconds / seconds)
  }
  const rate = spreadOf(rates)
  const ratio = spreadOf(ratios)
  print(
    name,
    `${short(rate.median)}/s (${short(rate.lowest)} to ${short(rate.highest)})`,
    `${ratio.median.toFixed(2)} of a floor of ${short(spreadOf(floors).median)}/s`,
  )
}

/** What one run of a side did. */
export interface Run {
  readonly perSecond: number
  /** Processor time for each record, of all threads. Absent: not measured. */
  readonly cpuNs?: number
}

export interface Side {
  readonly name: string
  run(): Promise<Run>
}

/**
 * Runs the sides one after the other, `rounds` times over, and prints the rate of each, its spread, and the median of its ratios,
 * round by round, to the first side.
 */
export async function inTurn(sides: readonly Side[]): Promise<void> {
  const runs = sides.map((): Run[] => [])
  for (let round = 0; round < rounds; round++) for (const [i, side] of sides.entries()) runs[i]!.push(await side.run())
  for (const [i, { name }] of sides.entries()) {
    const own = runs[i]!
    const { median, lowest, highest } = spreadOf(own.map(({ perSecond }) => perSecond))
    const notes: string[] = []
    if (i > 0) {
      const ratio = spreadOf(own.map(({ perSecond }, round) => perSecond / runs[0]![round]!.perSecond)).median
      notes.push(`${ratio.toFixed(2)} of ${sides[0]!.name.trim()}`)
    }
    const cpu = own.flatMap(({ cpuNs }) => cpuNs ?? [])
    if (cpu.length > 0) notes.push(`${spreadOf(cpu).median.toFixed(0)} ns of processor time a record`)
    print(name, `${short(median)}/s (${short(lowest)} to ${short(highest)})`, notes.join(', '))
  }
}

/** Prints the median and spread of some runs. */
export async function measure(name: string, unit: string, subject: () => Promise<number>): Promise<void> {
  const values: number[] = []
  for (let round = 0; round < rounds; round++) values.push(await subject())
  printSpread(name, unit, values)
}

export function printSpread(name: string, unit: string, values: readonly number[]): void {
  const { median, lowest, highest } = spreadOf(values)
  print(name, `${short(median)} ${unit} (${short(lowest)} to ${short(highest)})`, '')
}

export function print(name: string, figure: string, note: string): void {
  console.log(`${name.padEnd(44)} ${figure.padEnd(38)} ${note}`.trimEnd())
}

export function timed(work: () => void): number {
  const begun = performance.now()
  work()
  return (performance.now() - begun) / 1_000
}
