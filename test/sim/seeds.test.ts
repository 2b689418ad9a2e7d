import { describe, expect, test } from 'vitest'
import { runSeed, type SimResult } from '../../runtime/sim/run-seed.ts'
import { shrink } from '../../runtime/sim/shrink.ts'
import { StoredStates } from '../../runtime/sim/store-content.ts'
import { stream } from '../../runtime/sim/streams.ts'
import { moodyOf } from './programs/moody.ts'
import { regressions } from './regressions.ts'
import { describeResult, programOf } from './support.ts'

const count = Number(process.env['MILLRACE_SEEDS'] ?? 2_000)
const base = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 1_000_000_000)
const timeoutMs = 20 * 60_000

/** What to read first when a seed has failed: what is wrong, what went wrong on purpose, and how to see it again. */
function failure(result: SimResult): string {
  const small = shrink(result.program, result.seed, {}, 100)
  return [
    describeResult(result),
    '',
    `Smaller, after ${small.runs} runs:`,
    describeResult(small.result),
    '',
    `Replay it:   npm run sim -- ${result.seed}`,
    `Smaller:     npm run sim -- ${result.seed} --shrink`,
  ].join('\n')
}

describe(`${count} seeds from ${base}`, () => {
  test(
    'whatever goes wrong, every message is handled once, in order, and the world hears of nothing else',
    () => {
      const verdicts = { ok: 0, faults: 0, handled: 0 }
      for (let seed = base; seed < base + count; seed++) {
        const result = runSeed(programOf(seed), seed)
        if (result.verdict !== 'ok') expect.fail(failure(result))
        verdicts.ok += 1
        verdicts.faults += result.faults.length
        verdicts.handled += result.handled
      }
      expect(verdicts.ok).toBe(count)
      // A simulator that simulates nothing finds nothing.
      expect(verdicts.faults).toBeGreaterThan(count)
      expect(verdicts.handled).toBeGreaterThan(10 * count)
    },
    timeoutMs,
  )
})

describe('seeds that once failed', () => {
  test.each(regressions)('$name', ({ seed, program, options }) => {
    const result = runSeed(programOf(seed, program), seed, options)
    if (result.verdict !== 'ok') expect.fail(failure(result))
    expect(result.verdict).toBe('ok')
  })
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
