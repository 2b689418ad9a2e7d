import { describe, test } from 'vitest'
import { SLOW, expectFound, expectHolds, frozen, isDeep } from './expect.ts'
import { explore } from './explore.ts'
import { type SinkBounds, type SinkModelState, type SinkMutation, type SinkViolation, sinkModel } from './sink.ts'

const usual: SinkBounds[] = [
  { outputs: 2, faults: 4 },
  { outputs: 3, faults: 4 },
]
const deep: SinkBounds[] = [{ outputs: 4, faults: 5 }]

const mutations: [SinkMutation, SinkViolation, number][] = [
  ['release before commit', 'taken back', 3],
  ['position written before the data', 'wrong content', 4],
  ['position synced before the data', 'wrong content', 7],
  ['position and length in two records', 'wrong content', 7],
  ['tail is not cut', 'taken back', 6],
  ['prune when handed over', 'lost', 5],
  ['confirm before the record is synced', 'lost', 7],
  ['confirm at opening what was read and not synced', 'lost', 9],
]

describe('sink', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)('holds, $outputs outputs, $faults faults', SLOW, (bounds) => {
    expectHolds(JSON.stringify(bounds), explore(sinkModel(bounds), { witnesses }))
  })

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(sinkModel({ outputs: 2, faults: 1 }))))
  })

  test.each(mutations)('%s', SLOW, (mutation, kind, maxSteps) => {
    expectFound(mutation, explore(sinkModel({ outputs: 2, faults: 2 }, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
const witnesses: Record<string, (state: SinkModelState) => boolean> = {
  'a torn tail': ({ sink }) => sink.bytes.includes('?'),
  'a power loss that leaves an older record': ({ group, sink }) => {
    return sink.open === null && sink.record.position === 0 && sink.bytes.length >= 4 && group.pruned === 0
  },
  'a record that is not synced when the sink opens': ({ group, sink }) => {
    return (
      sink.open !== null && sink.olderRecord !== null && sink.record.length === sink.open.written && group.pruned === 0
    )
  },
  'a second run with another output': ({ group }) => group.committed.some((output) => !output.endsWith('.0')),
}
