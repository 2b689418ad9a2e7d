import { describe, test } from 'vitest'
import { SLOW, expectFound, expectHolds, frozen, isDeep } from './expect.ts'
import { explore } from './explore.ts'
import {
  type SourcePlanBounds,
  type SourcePlanMutation,
  type SourcePlanState,
  type SourcePlanViolation,
  sourcePlanModel,
} from './source-plan.ts'

const usual: SourcePlanBounds[] = [
  { records: 2, faults: 2 },
  { records: 3, faults: 2 },
]
const deep: SourcePlanBounds[] = [{ records: 3, faults: 3 }]

const mutations: [SourcePlanMutation, SourcePlanViolation | 'stuck', number][] = [
  ['fingerprint ignored', 'torn', 7],
  ['plan changed where the shards are apart', 'torn', 9],
  ['sends before every shard has adopted its plan', 'stuck', 4],
  ['former readers are let in again', 'torn', 10],
  ['generation in memory only', 'torn', 11],
]

describe('source plan', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)('holds, $records records, $faults faults', SLOW, (bounds) => {
    expectHolds(JSON.stringify(bounds), explore(sourcePlanModel(bounds), { witnesses: witnesses(bounds) }))
  })

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(sourcePlanModel({ records: 1, faults: 1 }))))
  })

  test.each(mutations)('%s', SLOW, (mutation, kind, maxSteps) => {
    expectFound(mutation, explore(sourcePlanModel({ records: 2, faults: 2 }, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
function witnesses({ records }: SourcePlanBounds): Record<string, (state: SourcePlanState) => boolean> {
  return {
    'the plan changed in the middle': ({ shards }) =>
      shards.A.took.length > 0 && shards.A.plan === 2 && shards.B.plan === 2,
    'the shards have different plans': ({ shards }) => shards.A.plan !== shards.B.plan,
    'a former reader still holds a shard': ({ shards, readers }) => {
      return readers.length > 1 && shards.A.session === 1 && shards.B.session === readers.length
    },
    'the end was reached under the new plan': ({ shards }) => shards.A.passed === records && shards.A.plan === 2,
  }
}
