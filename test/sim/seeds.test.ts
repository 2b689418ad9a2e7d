import { describe, expect, test } from 'vitest'
import { runSeed, type SimResult } from '../../runtime/sim/run-seed.ts'
import { shrink } from '../../runtime/sim/shrink.ts'
import { StoredStates } from '../../runtime/sim/store-content.ts'
import { stream } from '../../runtime/sim/streams.ts'
import { moodyOf } from './programs/moody.ts'
import { describeResult, programOf } from './support.ts'

/** Worlds of several groups; of one group there are half as many. */
const count = Number(process.env['MILLRACE_SEEDS'] ?? 2_000)
const base = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 1_000_000_000)
const timeoutMs = 20 * 60_000

/** What to read first when a seed has failed: what is wrong, what went wrong on purpose, and how to see it again. */
function failure(result: SimResult, hosts: readonly number[] = [1, 2, 3]): string {
  const small = shrink(result.program, result.seed, { hosts }, 100)
  return [
    describeResult(result),
    '',
    `Smaller, after ${small.runs} runs:`,
    describeResult(small.result),
    '',
    `Replay it:   npm run sim -- ${result.seed}${hosts.length === 1 ? ' --one' : ''}`,
    `Smaller:     the same with --shrink`,
  ].join('\n')
}

const worlds: readonly (readonly [name: string, seeds: number, hosts: readonly number[]])[] = [
  ['one group', count / 2, [1]],
  ['up to three groups', count, [1, 2, 3]],
]

/** Seeds that once failed, and why. They stay, although the world they name may change with the simulator. */
const regressions: readonly (readonly [why: string, seed: number, hosts: readonly number[]])[] = [
  ['after a power loss a sink of at least once holds outputs of lanes that have none any more', 283866330, [1]],
  ['a straggler of the version before made records for groups of the next', 900252, [1, 2, 3]],
  ['a record that failed after an emission was sent as one of the partition before it', 305789162, [1, 2, 3]],
  ['what a straggler brings held up a drain across nodes', 1826, [1, 2, 3]],
]

test.each(regressions)('%s: seed %i', (_why, seed, hosts) => {
  const result = runSeed(programOf(seed), seed, { hosts })
  if (result.verdict !== 'ok') expect.fail(failure(result, hosts))
})

describe.each(worlds)(`%s, from seed ${base}, %i seeds`, (_name, seeds, hosts) => {
  test(
    'whatever goes wrong, every message is handled once, in order, and the world hears of nothing else',
    () => {
      const verdicts = { ok: 0, faults: 0, handled: 0 }
      for (let seed = base; seed < base + seeds; seed++) {
        const result = runSeed(programOf(seed), seed, { hosts })
        if (result.verdict !== 'ok') expect.fail(failure(result, hosts))
        verdicts.ok += 1
        verdicts.faults += result.faults.length
        verdicts.handled += result.handled
      }
      expect(verdicts.ok).toBe(seeds)
      // A simulator that simulates nothing finds nothing.
      expect(verdicts.faults).toBeGreaterThan(seeds / 2)
      expect(verdicts.handled).toBeGreaterThan(10 * seeds)
    },
    timeoutMs,
  )
})

test('handlers that are not deterministic neither make nor lose anything', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const program = moodyOf(stream(seed, 'program'))
    const result = runSeed(program, seed, { shape: { durability: 'disk' } })
    expect(describeResult(result)).toContain('ok: moody')
    const stored = new StoredStates(result.stores, program.codec)
    const decode = (bytes: Uint8Array): { coins: number } =>
      program.codec.decode(bytes, 0, bytes.length) as { coins: number }
    const kept = [...stored.entities.values()].reduce(
      (sum, { state }) => sum + (state === undefined ? 0 : decode(state.bytes).coins),
      0,
    )
    const failed = [...stored.letters.values()]
      .flat()
      .reduce((sum, { letter }) => sum + decode(letter.message).coins, 0)
    const given = program.inputs[0]!.partitions.flat().reduce(
      (sum, record) => sum + (JSON.parse(new TextDecoder().decode(record)) as { coins: number }).coins,
      0,
    )
    expect(kept + failed).toBe(given)
  }
})
