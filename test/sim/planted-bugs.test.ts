import { describe, expect, test } from 'vitest'
import { runSeed, type SimOptions } from '../../runtime/sim/run-seed.ts'
import { signOf } from '../support/sign.ts'
import { programOf } from './support.ts'

/**
 * Mistakes that the simulator must find, with the number of seeds that may be needed, and how they may show. Those that need a
 * power cut between two particular groups, or a full outbox, are found by the random links of test/lanes instead.
 */
const planted: readonly (readonly [name: string, seeds: number, signs: readonly string[], options: SimOptions])[] = [
  ['ack on receipt', 100, ['MR_LANE_DIVERGED'], { bugs: { ackOnReceipt: true } }],
  ['a higher number is accepted', 100, ['lost', 'MR_LANE_DIVERGED'], { bugs: { acceptHigherNumber: true } }],
  ['a mark is accepted across a re-opened group', 100, ['lost'], { bugs: { markAcrossReopenedSession: true } }],
  ['a source is read on from the highest watermark', 50, ['lost', 'stuck'], { bugs: { resumeFromHighest: true } }],
  [
    'outputs are released before their commit',
    25,
    ['early', 'MR_SINK_DIVERGED'],
    { bugs: { releaseBeforeCommit: true } },
  ],
  [
    'effects and watermark are two writes',
    50,
    ['doubled', 'MR_SOURCE_REPLACED'],
    { bugs: { watermarkInSecondWrite: true } },
  ],
  ['a returned state is encoded at the commit', 100, ['output'], { bugs: { encodeStateAtCommitNotReturn: true } }],
  [
    'a timer is fired and removed in two commits',
    100,
    ['doubled', 'invented', 'state'],
    { bugs: { timerFiredAndRemovedInTwoCommits: true } },
  ],
  ['a query is answered from memory', 25, ['early', 'state'], { bugs: { queryFromMemory: true } }],
  ['a sink keeps its position before the content', 50, ['lost'], { sinkBugs: { positionBeforeContent: true } }],
  ['a sink does not cut what was half written', 50, ['doubled'], { sinkBugs: { noCut: true } }],
]

describe('planted mistakes', () => {
  test.each(planted)('%s: found within %i seeds', { timeout: 300_000 }, (_name, seeds, signs, options) => {
    let seed = 1
    let found = runSeed(programOf(seed), seed, options)
    while (found.verdict === 'ok' && seed < seeds) found = runSeed(programOf(++seed), seed, options)
    expect(signs, `seed ${seed}: ${found.text}`).toContain(signOf(found.verdict, found.text))
    expect(runSeed(programOf(seed), seed).verdict, 'without the mistake the same seed passes').toBe('ok')
  })
})
