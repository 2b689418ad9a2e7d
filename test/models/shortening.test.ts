import { describe, test } from 'vitest'
import { expectFound, expectHolds, frozen, isDeep, SLOW } from './expect.ts'
import { explore } from './explore.ts'
import {
  type ShorteningBounds,
  shorteningModel,
  type ShorteningMutation,
  type ShorteningState,
  type ShorteningViolation,
} from './shortening.ts'

const usual: ShorteningBounds[] = [
  { claims: 1, commits: 2, shortenings: 2, repeats: 1 },
  { claims: 2, commits: 2, shortenings: 1, repeats: 0 },
]
const deep: ShorteningBounds[] = [
  { claims: 2, commits: 2, shortenings: 2, repeats: 0 },
  { claims: 2, commits: 2, shortenings: 1, repeats: 1 },
]

const TWO: ShorteningBounds = { claims: 2, commits: 2, shortenings: 1, repeats: 0 }
const ONE: ShorteningBounds = { claims: 1, commits: 2, shortenings: 1, repeats: 0 }

const mutations: [ShorteningMutation, ShorteningBounds, ShorteningViolation, number][] = [
  ['deletes what is before the end', ONE, 'no beginning', 14],
  ['deletes when the broker has the end', TWO, 'no beginning', 16],
  ['the beginning does not carry the claim', TWO, 'other claim', 14],
  ['copies before the beginning counts', ONE, 'other commits', 17],
]

describe('shortening', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)('holds, %j', SLOW, (bounds) => {
    expectHolds(JSON.stringify(bounds), explore(shorteningModel(bounds), { witnesses: witnesses(bounds) }))
  })

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(shorteningModel(ONE))))
  })

  test.each(mutations)('%s', SLOW, (mutation, bounds, kind, maxSteps) => {
    expectFound(mutation, explore(shorteningModel(bounds, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
function witnesses({ claims }: ShorteningBounds): Record<string, (state: ShorteningState) => boolean> {
  const kinds = (state: ShorteningState): string[] => state.log.map(({ entry }) => entry.kind)
  return {
    'something is deleted': ({ first }) => first > 0,
    'a commit between a beginning and its end': (state) => {
      const [begin, end] = [kinds(state).indexOf('begin'), kinds(state).indexOf('end')]
      return begin >= 0 && end > begin && kinds(state).slice(begin, end).includes('commit')
    },
    ...(claims > 1 && {
      'a claim between a beginning and its end': (state: ShorteningState) => {
        const [begin, end] = [kinds(state).indexOf('begin'), kinds(state).indexOf('end')]
        return begin >= 0 && end > begin && kinds(state).slice(begin, end).includes('claim')
      },
      'deletion comes when somebody else owns': ({ log, first }: ShorteningState) =>
        first > 0 && log.at(-1)!.entry.kind === 'claim',
    }),
  }
}
