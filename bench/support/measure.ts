import { short, spreadOf } from './figures.ts'

/** How often each side of a comparison runs. `--quick` is for trying a change, not for quoting. */
export const rounds = process.argv.includes('--quick') ? 3 : 5
export const scale = process.argv.includes('--quick') ? 0.25 : 1

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
