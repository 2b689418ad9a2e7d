import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Claim,
  type ClaimName,
  type Entry,
  judge,
  judgeFrom,
  type Judged,
  type LogRecord,
  unjudged,
  type Verdict,
} from '../../runtime/changelog/judge.ts'

const digestOf = (value: number): { high: number; low: number } => ({ high: 7, low: value })
let records = 0

function recordOf(entry: Entry): LogRecord {
  records += 1
  return { entry, digest: digestOf(records), sizeBytes: 10 + (records % 5) }
}

function claimOf(epoch: number, incarnation: string): Claim {
  return { epoch, incarnation, address: `${incarnation}:1`, version: epoch % 3, shardCount: 8, groupCount: 2 }
}

function foldAll(log: readonly LogRecord[]): { readonly states: Judged[]; readonly verdicts: Verdict[] } {
  const [states, verdicts]: [Judged[], Verdict[]] = [[unjudged], []]
  log.forEach((record, offset) => {
    const { judged, verdict } = judge(states.at(-1)!, offset, record)
    states.push(judged)
    verdicts.push(verdict)
  })
  return { states, verdicts }
}

/** What might be written next: by whoever owns, by somebody who did, or what was written before. */
type Move =
  | { readonly kind: 'claim'; readonly rise: number; readonly incarnation: string }
  | { readonly kind: 'commit'; readonly by: 'owner' | 'former'; readonly step: number; readonly truncate: number }
  | { readonly kind: 'begin' | 'chunk' | 'end'; readonly by: 'owner' | 'former' }
  | { readonly kind: 'again'; readonly back: number }

const by = fc.constantFrom('owner', 'owner', 'owner', 'former')
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('claim'),
      rise: fc.integer({ min: -1, max: 2 }),
      incarnation: fc.constantFrom('a', 'b'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit'),
      by,
      step: fc.constantFrom(0, 1, 1, 1, 2),
      truncate: fc.nat(12),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('begin', 'chunk', 'end', 'end'), by }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again'), back: fc.nat(6) }) },
) as fc.Arbitrary<Move>

function logOf(moves: readonly Move[]): LogRecord[] {
  const log: LogRecord[] = []
  let judged = unjudged
  const formers: ClaimName[] = [{ epoch: 0, incarnation: 'nobody' }]
  for (const one of moves) {
    const record = one.kind === 'again' ? log.at(-1 - one.back) : recordOf(entryOf(one, judged, formers.at(-1)!))
    if (record === undefined) continue
    const { claim } = judged.standing
    judged = judge(judged, log.length, record).judged
    if (claim !== undefined && claim !== judged.standing.claim) formers.push(claim)
    log.push(record)
  }
  return log
}

function entryOf(one: Exclude<Move, { kind: 'again' }>, { standing, open }: Judged, former: ClaimName): Entry {
  const { claim, number, digest, shortenings } = standing
  if (one.kind === 'claim')
    return { kind: 'claim', claim: claimOf(Math.max(0, (claim?.epoch ?? 0) + one.rise), one.incarnation) }
  const name =
    one.by === 'owner' && claim !== undefined ? { epoch: claim.epoch, incarnation: claim.incarnation } : former
  if (one.kind === 'commit')
    return { kind: 'commit', by: name, number: number + one.step, before: digest, truncateBelow: one.truncate }
  if (one.kind === 'begin') return { kind: 'begin', standing }
  if (one.kind === 'chunk') return { kind: 'chunk', by: name, shortening: shortenings, index: open?.chunks ?? 0 }
  return { kind: 'end', by: name, shortening: shortenings, chunks: open?.chunks ?? 0 }
}

/** A shortening by the owner, with something in the middle of it. */
const shortening: fc.Arbitrary<Move[]> = fc
  .tuple(fc.array(move, { maxLength: 2 }), fc.array(move, { maxLength: 2 }))
  .map(([one, other]) => [
    { kind: 'begin', by: 'owner' },
    ...one,
    { kind: 'chunk', by: 'owner' },
    ...other,
    { kind: 'end', by: 'owner' },
  ])
const anyLog = fc
  .array(fc.oneof({ weight: 4, arbitrary: move.map((one) => [one]) }, { weight: 1, arbitrary: shortening }), {
    maxLength: 40,
    size: 'max',
  })
  .map((moves) => logOf(moves.flat()))

describe('the judge of a changelog', () => {
  test('J1, J2: what counts is one history, whatever lies in the log', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const { verdicts } = foldAll(log)
        let [epoch, number, before] = [0, 0, { high: 0, low: 0 }]
        let owner = ''
        log.forEach(({ entry, digest }, i) => {
          if (verdicts[i] === 'claimed' && entry.kind === 'claim') {
            expect(entry.claim.epoch).toBeGreaterThan(epoch)
            ;[epoch, owner] = [entry.claim.epoch, entry.claim.incarnation]
          }
          if (verdicts[i] !== 'committed' || entry.kind !== 'commit') return
          expect([entry.by, entry.number, entry.before]).toEqual([{ epoch, incarnation: owner }, number + 1, before])
          ;[number, before] = [entry.number, digest]
        })
      }),
    )
  })

  test('J5: whoever begins at a beginning whose end counts knows what somebody knows who has read everything', () => {
    let compared = 0
    fc.assert(
      fc.property(anyLog, (log) => {
        const { states, verdicts } = foldAll(log)
        verdicts.forEach((verdict, end) => {
          if (verdict !== 'ended') return
          const { begun } = states[end + 1]!
          let judged = judgeFrom(begun, log[begun]!)!.judged
          for (let offset = begun + 1; offset < log.length; offset++) {
            const found = judge(judged, offset, log[offset]!)
            judged = found.judged
            expect(found.verdict).toBe(verdicts[offset])
            if (offset >= end) expect(judged).toEqual(states[offset + 1])
          }
          compared += 1
        })
      }),
      { numRuns: 300 },
    )
    expect(compared).toBeGreaterThan(100)
  })

  test('J3, J4: a claim closes what is open, and what was its is void', () => {
    const claim = claimOf(1, 'a')
    const name = { epoch: 1, incarnation: 'a' }
    const opened = foldAll([recordOf({ kind: 'claim', claim })]).states.at(-1)!
    const log = [
      recordOf({ kind: 'claim', claim }),
      recordOf({ kind: 'begin', standing: opened.standing }),
      recordOf({ kind: 'chunk', by: name, shortening: 1, index: 0 }),
      recordOf({ kind: 'claim', claim: claimOf(2, 'b') }),
      recordOf({ kind: 'chunk', by: name, shortening: 1, index: 1 }),
      recordOf({ kind: 'end', by: name, shortening: 1, chunks: 1 }),
    ]
    expect(foldAll(log).verdicts).toEqual(['claimed', 'begun', 'chunk', 'claimed', 'void', 'void'])
  })

  test('J2: a commit that was made on another history is void, though its number fits', () => {
    const by = { epoch: 1, incarnation: 'a' }
    const commit = (number: number, before: { high: number; low: number }): LogRecord =>
      recordOf({ kind: 'commit', by, number, before, truncateBelow: 0 })
    const first = commit(1, { high: 0, low: 0 })
    const log = [
      recordOf({ kind: 'claim', claim: claimOf(1, 'a') }),
      first,
      commit(2, digestOf(0)),
      commit(2, first.digest),
    ]
    expect(foldAll(log).verdicts).toEqual(['claimed', 'committed', 'void', 'committed'])
  })

  test('what a shortening has left behind is counted', () => {
    const log = logOf([
      { kind: 'claim', rise: 1, incarnation: 'a' },
      { kind: 'commit', by: 'owner', step: 1, truncate: 0 },
      { kind: 'begin', by: 'owner' },
      { kind: 'chunk', by: 'owner' },
      { kind: 'commit', by: 'owner', step: 1, truncate: 2 },
      { kind: 'end', by: 'owner' },
    ])
    const { tailBytes, chunkBytes, begun, standing } = foldAll(log).states.at(-1)!
    const sizes = log.map(({ sizeBytes }) => sizeBytes)
    expect({ tailBytes, chunkBytes, begun }).toEqual({
      tailBytes: sizes.slice(2).reduce((a, b) => a + b),
      chunkBytes: sizes[3],
      begun: 2,
    })
    expect(standing).toMatchObject({ number: 2, lowest: 2, shortenings: 1 })
  })
})
