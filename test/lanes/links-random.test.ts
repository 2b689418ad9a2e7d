import { describe, expect, test } from 'vitest'
import type { Bugs } from '../../runtime/shard/bugs.ts'
import { World, type WorldOptions } from './world/world.ts'

const seeds = 100

function run(options: WorldOptions): { delivered: number; refused: number; wrong: readonly string[] } {
  const counts = { delivered: 0, refused: 0 }
  const wrong: string[] = []
  for (let seed = 1; seed <= seeds; seed++) {
    const outcome = new World(seed, options).run()
    if (outcome.kind === 'wrong') wrong.push(`new World(${seed}, ${JSON.stringify(options)}): ${outcome.detail}`)
    else counts[outcome.kind] += 1
  }
  return { ...counts, wrong }
}

describe(`groups on bad links, killed at any moment, seeds 1 to ${seeds}`, { timeout: 120_000 }, () => {
  test('durability disk: everything is delivered, exactly once and in order', () => {
    expect(run({ durability: 'disk' })).toEqual({ delivered: seeds, refused: 0, wrong: [] })
  })

  test('durability process: the same, or refused because of a power loss', () => {
    const { delivered, wrong } = run({ durability: 'process' })
    expect(wrong).toEqual([])
    expect(delivered).toBeGreaterThan(seeds / 3)
  })
})

/** Which mistakes the world finds, with how many seeds at most, and how they show there at the latest (earlier ones may show another way). */
const planted: readonly [bug: keyof Bugs, durability: 'disk' | 'process', within: number, sign: RegExp][] = [
  ['ackOnReceipt', 'disk', 10, /^lane .*: behind-pruned$/],
  ['acceptHigherNumber', 'disk', 10, /^lane .*: forked$/],
  ['markAcrossReopenedSession', 'disk', 30, /^group .*: wants .*; has /],
  ['resumeFromHighest', 'disk', 10, /^group .*: wants .*; has /],
  ['staleAckPrunes', 'process', 1_000, /^lane .*: behind-pruned$/],
  ['stagedSurvivesHandshake', 'process', 300, /^lane .*: ahead-of-sent$/],
  ['handshakeComparesNumbersOnly', 'process', 100, /^lane .*: forked$/],
  ['creditWithheldWhileOutboxFull', 'disk', 10, /^stuck: /],
  ['cutMissingOnAcks', 'disk', 30, /^cut, lost: /],
]

describe('a planted bug is found', { timeout: 120_000 }, () => {
  test.each(planted)('%s, durability %s, within %i seeds', (bug, durability, within, sign) => {
    let found = ''
    for (let seed = 1; seed <= within && !sign.test(found); seed++) {
      const outcome = new World(seed, { durability, bugs: { [bug]: true } }).run()
      if (outcome.kind === 'wrong') found = outcome.detail
    }
    expect(found).toMatch(sign)
  })
})
