import { setTimeout as sleep } from 'node:timers/promises'
import { Prng } from '../../../runtime/base/prng.ts'
import type { GrowingFile } from './growing-file.ts'
import { Life, type Moment, type Task } from './life.ts'

/** `MILLRACE_KILL_SEED=... npx vitest run test/system` chooses the same moments again, as far as processes can be repeated. */
export const killSeed: number = Number(process.env['MILLRACE_KILL_SEED'] ?? Date.now() % 1_000_000)

export interface KillPlan {
  readonly task: Task
  /** Threads of each life in turn. */
  readonly workers?: (life: number) => number
  readonly kills: number
  readonly input: GrowingFile
  /** Tells one run of the same seed from another. */
  readonly stream: number
  /** Called after each kill. */
  readonly inspect?: () => Promise<void>
}

/**
 * Runs a job, kills it so many times, and lets it come to its end. Each life finds a new part of the input, which goes on growing
 * while it runs: so there is always something left to be killed in the middle of, however fast it is.
 */
export async function runThroughKills({ task, kills, input, stream, inspect, workers }: KillPlan): Promise<void> {
  const prng = new Prng(killSeed, stream)
  const part = Math.floor(input.frames / (kills + 1))
  const begin = (life: number): Life => new Life(workers === undefined ? task : { ...task, workers: workers(life) })
  let next = begin(0)
  for (let i = 0; i < kills; i++) {
    const life = next
    next = begin(i + 1) // it loads while this one works
    const end = (i + 1) * part
    await input.growTo(end - part + prng.below(part / 2), prng.below(40))
    await life.runUntilKilled(momentOf(prng, part), () => growBitByBit(input, end - part, end, prng))
    await input.growTo(end) // it has, unless the process was killed before it ran
    await inspect?.()
  }
  await input.growTo(input.frames)
  await next.runToEnd()
}

/** In pieces that come while the one before is handled, and end anywhere. */
async function growBitByBit(input: GrowingFile, from: number, to: number, prng: Prng): Promise<void> {
  const pieces = 10
  for (let i = 1; i <= pieces; i++) {
    await input.growTo(from + Math.ceil(((to - from) * i) / pieces), prng.below(40))
    await sleep(2) // so that the process meets the file at many sizes
  }
}

/** One kill in four comes while the process opens what the one before has left. */
function momentOf(prng: Prng, part: number): Moment {
  if (prng.chance(0.25)) return { at: 'beginning', afterMs: prng.below(200) }
  return { at: 'committed', records: Math.ceil(part * 0.8 * prng.unit()), afterMs: prng.below(8) }
}
