import { describe, expect, test } from 'vitest'
import { runSeed, type SimOptions } from '../../runtime/sim/run-seed.ts'
import { programOf } from './support.ts'

/**
 * Mistakes that the simulator must find, with the number of seeds that may be needed. Those that need a
 * power cut between two particular groups, or a full outbox, are found by the random links of test/lanes instead.
 */
const planted: readonly (readonly [name: string, seeds: number, options: SimOptions])[] = [
  ['ack on receipt', 100, { bugs: { ackOnReceipt: true } }],
  ['a higher number is accepted', 100, { bugs: { acceptHigherNumber: true } }],
  ['a mark is accepted across a re-opened group', 100, { bugs: { markAcrossReopenedSession: true } }],
  ['a source is read on from the highest watermark', 50, { bugs: { resumeFromHighest: true } }],
  ['outputs are released before their commit', 25, { bugs: { releaseBeforeCommit: true } }],
  ['effects and watermark are two writes', 50, { bugs: { watermarkInSecondWrite: true } }],
  ['a returned state is encoded at the commit', 100, { bugs: { encodeStateAtCommitNotReturn: true } }],
  ['a timer is fired and removed in two commits', 100, { bugs: { timerFiredAndRemovedInTwoCommits: true } }],
  ['a query is answered from memory', 25, { bugs: { queryFromMemory: true } }],
  ['a sink keeps its position before the content', 50, { sinkBugs: { positionBeforeContent: true } }],
  ['a sink does not cut what was half written', 50, { sinkBugs: { noCut: true } }],
]

describe('planted mistakes', () => {
  test.each(planted)('%s: found within %i seeds', { timeout: 300_000 }, (_name, seeds, options) => {
    let found: number | undefined
    for (let seed = 1; seed <= seeds && found === undefined; seed++) {
      if (runSeed(programOf(seed), seed, options).verdict !== 'ok') found = seed
    }
    expect(found, 'no seed found it').toBeDefined()
    expect(runSeed(programOf(found!), found!).verdict, 'without the mistake the same seed passes').toBe('ok')
  })
})
