import { describe, test } from 'vitest'
import { SLOW, expectFound, expectHolds, frozen, isDeep } from './expect.ts'
import { explore } from './explore.ts'
import { type WriteBackBounds, type WriteBackMutation, type WriteBackState, writeBackModel } from './write-back.ts'

const usual: WriteBackBounds[] = [
  { commits: 3, faults: 1, dirtySince: 'first' },
  { commits: 2, faults: 2, dirtySince: 'first' },
  { commits: 3, faults: 1, dirtySince: 'last' },
  { commits: 2, faults: 2, dirtySince: 'last' },
]
const deep: WriteBackBounds[] = [
  { commits: 3, faults: 2, dirtySince: 'first' },
  { commits: 4, faults: 0, dirtySince: 'first' },
  { commits: 3, faults: 2, dirtySince: 'last' },
  { commits: 4, faults: 0, dirtySince: 'last' },
]

const mutations: [WriteBackMutation, number][] = [
  ['writes back what is staged for the next commit', 3],
  ['writes back the value as of the commit before', 4],
  ['writes back in a batch of its own, before the commit', 2],
  ['deletes the log in a batch of its own, before the commit', 4],
  ['deletes the log past a change that is not written back', 4],
  ['does not write back that a row was deleted', 6],
  ['recovery skips the records up to the last write-back', 2],
  ['recovery takes every row for clean', 5],
]

describe('write-back', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)(
    'holds, $commits commits, $faults faults, dirty since the $dirtySince change',
    SLOW,
    (bounds) => {
      expectHolds(JSON.stringify(bounds), explore(writeBackModel(bounds), { witnesses }))
    },
  )

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(writeBackModel({ commits: 2, faults: 1, dirtySince: 'first' }))))
  })

  test.each(mutations)('%s', SLOW, (mutation, maxSteps) => {
    const bounds: WriteBackBounds = { commits: 3, faults: 1, dirtySince: 'first' }
    expectFound(mutation, explore(writeBackModel(bounds, mutation)), 'wrong state', maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
const witnesses: Record<string, (state: WriteBackState) => boolean> = {
  'a log that was cut off': ({ store }) => (store.log[0]?.n ?? 0) > 1,
  'a row that only the log knows': ({ store }) => store.rows.x === null && store.log.some(({ changes }) => changes.x),
  'a row newer than a record of it in the log': ({ store }) => {
    const first = store.log.find(({ changes }) => changes.x)?.changes.x
    return typeof first === 'string' && typeof store.rows.x === 'string' && store.rows.x > first
  },
  'the worker is ahead': ({ worker }) => worker.sealed !== null && worker.staged !== null,
}
