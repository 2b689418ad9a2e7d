import { describe, test } from 'vitest'
import { type ClaimBounds, claimModel, type ClaimMutation, type ClaimState, type ClaimViolation } from './claim.ts'
import { expectFound, expectHolds, frozen, isDeep, SLOW } from './expect.ts'
import { explore } from './explore.ts'

const usual: ClaimBounds[] = [
  { claims: 2, commits: 3, kills: 1, losses: 0, repeats: 0 },
  { claims: 2, commits: 2, kills: 0, losses: 1, repeats: 1 },
]
const deep: ClaimBounds[] = [
  { claims: 3, commits: 2, kills: 1, losses: 1, repeats: 0 },
  { claims: 3, commits: 3, kills: 1, losses: 0, repeats: 1 },
]

const TWO: ClaimBounds = { claims: 2, commits: 2, kills: 1, losses: 0, repeats: 0 }
const ALONE: ClaimBounds = { claims: 1, commits: 2, kills: 0, losses: 0, repeats: 0 }

const mutations: [ClaimMutation, ClaimBounds, ClaimViolation, number][] = [
  ['an equal epoch counts', TWO, 'not fenced', 7],
  ['former owners count', TWO, 'not fenced', 7],
  ['released when the broker has it', TWO, 'released and void', 8],
  ['new content under the number of a commit that was given up', ALONE, 'released and void', 9],
  ['copy written before the commit counts', TWO, 'wrong state', 8],
]

describe('claim', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)('holds, %j', SLOW, (bounds) => {
    expectHolds(JSON.stringify(bounds), explore(claimModel(bounds), { witnesses: witnesses(bounds) }))
  })

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(claimModel(ALONE))))
  })

  test.each(mutations)('%s', SLOW, (mutation, bounds, kind, maxSteps) => {
    expectFound(mutation, explore(claimModel(bounds, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
function witnesses({ claims }: ClaimBounds): Record<string, (state: ClaimState) => boolean> {
  return {
    'two commits released': ({ released }) => released.length === 2,
    ...(claims > 1 && {
      'two that believe to be the owner': ({ workers }: ClaimState) => workers.every(({ phase }) => phase === 'owner'),
      'two claims of one epoch': ({ log }: ClaimState) => {
        const epochs = log.flatMap(({ entry }) => (entry.kind === 'claim' ? [entry.claim.epoch] : []))
        return new Set(epochs).size < epochs.length
      },
    }),
  }
}
