import { describe, test } from 'vitest'
import { type CutBounds, type CutMutation, type CutState, type CutViolation, cutModel } from './cut.ts'
import { SLOW, expectFound, expectHolds, frozen, isDeep } from './expect.ts'
import { explore } from './explore.ts'

const usual: CutBounds[] = [
  { messages: { P: 1, Q: 1 }, faults: 0 },
  { messages: { P: 1, Q: 0 }, faults: 2 },
  { messages: { P: 2, Q: 0 }, faults: 0 },
  { messages: { P: 1, Q: 1 }, faults: 1 },
]
const deep: CutBounds[] = [
  { messages: { P: 2, Q: 0 }, faults: 1 },
  { messages: { P: 2, Q: 1 }, faults: 0 },
  { messages: { P: 2, Q: 1 }, faults: 1 },
]

const ONE_WAY: CutBounds = { messages: { P: 1, Q: 0 }, faults: 1 }
const BOTH_WAYS: CutBounds = { messages: { P: 1, Q: 1 }, faults: 0 }

const mutations: [CutMutation, CutBounds, CutViolation, number][] = [
  ['messages do not carry the cut', ONE_WAY, 'orphan', 10],
  ['acks do not carry the cut', ONE_WAY, 'lost', 12],
  ['notes the commit that is being staged', BOTH_WAYS, 'orphan', 9],
  ['reports a note before it is durable', ONE_WAY, 'orphan', 10],
  ['forgets the cut when killed', ONE_WAY, 'orphan', 11],
]

describe('cut', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)('holds, messages $messages, $faults faults', SLOW, (bounds) => {
    expectHolds(JSON.stringify(bounds), explore(cutModel(bounds), { witnesses: witnesses(bounds) }))
  })

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(cutModel({ messages: { P: 1, Q: 0 }, faults: 1 }))))
  })

  test.each(mutations)('%s', SLOW, (mutation, bounds, kind, maxSteps) => {
    expectFound(mutation, explore(cutModel(bounds, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
function witnesses({ faults }: CutBounds): Record<string, (state: CutState) => boolean> {
  return {
    'a message that crosses the cut': ({ shards }) => {
      const { P, Q } = shards
      return P.reported !== null && Q.reported !== null && P.reported.sent > Q.reported.watermark
    },
    'a cut with acknowledged messages': ({ shards }) =>
      (shards.P.reported?.pruned ?? 0) > 0 && shards.Q.reported !== null,
    ...(faults > 0 && {
      'a kill that lost a note': ({ shards, faultsLeft }: CutState) => {
        return faultsLeft < faults && shards.P.note === null && shards.Q.isInCut
      },
    }),
  }
}
