import { describe, test } from 'vitest'
import { SLOW, expectFound, expectHolds, frozen, isDeep } from './expect.ts'
import { explore } from './explore.ts'
import {
  type SourceLaneBounds,
  type SourceLaneMutation,
  type SourceLaneViolation,
  sourceLaneModel,
} from './source-lane.ts'
import { SHARDS, type ShardName, type SourceLaneState } from './source-lane-state.ts'

const TWO: readonly (readonly ShardName[])[] = [['A'], ['B']]
const THREE: readonly (readonly ShardName[])[] = [['A'], ['B'], ['A', 'B']]

const usual: SourceLaneBounds[] = [
  { records: TWO, faults: 1, start: 'earliest', isReduced: false },
  { records: TWO, faults: 2, start: 'earliest', isReduced: true },
  { records: TWO, faults: 1, start: 'latest', isReduced: true },
]
const deep: SourceLaneBounds[] = [
  { records: TWO, faults: 2, start: 'latest', isReduced: true },
  { records: THREE, faults: 2, start: 'earliest', isReduced: true },
  { records: THREE, faults: 1, start: 'earliest', isReduced: false },
  { records: THREE, faults: 2, start: 'latest', isReduced: true },
]

const EARLIEST: SourceLaneBounds = { records: TWO, faults: 1, start: 'earliest', isReduced: false }
const LATEST: SourceLaneBounds = { ...EARLIEST, start: 'latest' }

const mutations: [SourceLaneMutation, SourceLaneBounds, SourceLaneViolation | 'stuck', number][] = [
  ['resume from the highest watermark', EARLIEST, 'lost', 10],
  ['no marks', EARLIEST, 'stuck', 0],
  ['marks outside the numbering', EARLIEST, 'lost', 6],
  ['higher number accepted', EARLIEST, 'lost', 6],
  ['higher offset accepted, whatever the session', EARLIEST, 'lost', 6],
  ['session outlives the incarnation of the shard', EARLIEST, 'lost', 7],
  ['lane goes on where it was when its session ended', EARLIEST, 'lost', 8],
  ['handshake tells what is only staged', EARLIEST, 'lost', 9],
  ['start is decided at each start', LATEST, 'lost', 10],
]

describe('source lane', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)(
    'holds, $records.length records, $faults faults, start $start, reduced: $isReduced',
    SLOW,
    (bounds) => {
      expectHolds(JSON.stringify(bounds), explore(sourceLaneModel(bounds), { witnesses: witnesses(bounds) }))
    },
  )

  test('changes no state that it was given', SLOW, () => {
    const bounds: SourceLaneBounds = { records: [['A']], faults: 1, start: 'latest', isReduced: true }
    expectHolds('frozen', explore(frozen(sourceLaneModel(bounds))))
  })

  test.each(mutations)('%s', SLOW, (mutation, bounds, kind, maxSteps) => {
    expectFound(mutation, explore(sourceLaneModel(bounds, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
function witnesses({ start }: SourceLaneBounds): Record<string, (state: SourceLaneState) => boolean> {
  return {
    'a reader that is believed dead goes on sending': ({ reader, former }) => {
      return (
        reader !== null &&
        former?.isRunning === true &&
        SHARDS.some((name) => former.lanes[name].link.inOrder.length > 0)
      )
    },
    'the shards are apart': ({ shards }) => Math.abs(shards.A.durable.watermark - shards.B.durable.watermark) > 1,
    'a reader resumed in the middle': ({ reader }) => reader?.lanes.A.session === null && reader.lanes.A.next > 0,
    ...(start === 'latest' && {
      'a start behind the first record': ({ promisedFrom }: SourceLaneState) =>
        promisedFrom !== null && promisedFrom > 0,
    }),
  }
}
