import { describe, test } from 'vitest'
import { SLOW, expectFound, expectHolds, frozen, isDeep } from './expect.ts'
import { explore } from './explore.ts'
import { type LaneBounds, type LaneMutation, type LaneViolation, laneModel } from './lane.ts'
import { type LaneState, isDone } from './lane-state.ts'

const usual: LaneBounds[] = [
  { durability: 'disk', inputs: 2, faults: 2, marks: false },
  { durability: 'disk', inputs: 1, faults: 2, marks: true },
  { durability: 'process', inputs: 2, faults: 1, marks: false },
  { durability: 'process', inputs: 1, faults: 2, marks: false },
]
const deep: LaneBounds[] = [
  { durability: 'disk', inputs: 1, faults: 3, marks: false },
  { durability: 'disk', inputs: 2, faults: 2, marks: true },
  { durability: 'disk', inputs: 3, faults: 2, marks: false },
  { durability: 'process', inputs: 1, faults: 2, marks: true },
  { durability: 'process', inputs: 2, faults: 1, marks: true },
  { durability: 'process', inputs: 2, faults: 2, marks: false },
]

const DISK: LaneBounds = { durability: 'disk', inputs: 1, faults: 1, marks: false }
const TWO: LaneBounds = { durability: 'disk', inputs: 2, faults: 1, marks: false }
const MARKS: LaneBounds = { durability: 'disk', inputs: 1, faults: 1, marks: true }
const DISK_TWICE: LaneBounds = { ...DISK, faults: 2 }
const PROCESS: LaneBounds = { durability: 'process', inputs: 1, faults: 1, marks: false }
const PROCESS_TWICE: LaneBounds = { ...PROCESS, faults: 2 }

const mutations: [LaneMutation, LaneBounds, LaneViolation | 'stuck', number][] = [
  ['release before commit', DISK, 'forked', 6],
  ['ack on receipt', DISK, 'pruned too far', 8],
  ['ack of an older session prunes', PROCESS_TWICE, 'pruned too far', 14],
  ['prune when sent', DISK, 'pruned too far', 6],
  ['outbox in memory only', DISK, 'stuck', 3],
  ['watermark in a second write, after the effects', DISK, 'doubled', 14],
  ['watermark in a second write, before the effects', DISK, 'pruned too far', 11],
  ['higher number accepted', TWO, 'lost', 12],
  ['any number accepted', DISK, 'doubled', 10],
  ['mark outside the numbering', MARKS, 'early mark', 9],
  ['session named by the sender alone', DISK_TWICE, 'doubled', 13],
  ['staged input survives a handshake', PROCESS, 'forked', 12],
  ['handshake compares numbers only', PROCESS, 'forked', 15],
  ['handshake forgets what was pruned', PROCESS_TWICE, 'pruned too far', 13],
]

describe('lane', () => {
  test.each(isDeep ? [...usual, ...deep] : usual)(
    'holds, $durability, $inputs inputs, $faults faults, marks: $marks',
    SLOW,
    (bounds) => {
      expectHolds(JSON.stringify(bounds), explore(laneModel(bounds), { witnesses: witnesses(bounds) }))
    },
  )

  test('changes no state that it was given', () => {
    expectHolds('frozen', explore(frozen(laneModel(MARKS))))
  })

  test('the chain in an ack is a second line of defence: without it nothing is found here', SLOW, () => {
    expectHolds('ack is not compared', explore(laneModel(PROCESS_TWICE, 'ack is not compared')))
  })

  test.each(mutations)('%s', SLOW, (mutation, bounds, kind, maxSteps) => {
    expectFound(mutation, explore(laneModel(bounds, mutation)), kind, maxSteps)
  })
})

/** What has to occur, for the exploration to mean anything. */
function witnesses({ durability, inputs, faults }: LaneBounds): Record<string, (state: LaneState) => boolean> {
  return {
    'a late ack of an older session': ({ sender, toSender }) => {
      const { session } = sender
      return (
        session?.phase === 'open' && toSender.late.some((reply) => reply.kind === 'ack' && reply.session !== session.id)
      )
    },
    'the receiver has staged what belongs to a session that the sender has left': ({ sender, receiver }) => {
      return receiver.staged !== null && sender.session?.phase === 'asked'
    },
    'an input was run again': ({ sender }) => sender.attempt > 0,
    ...(durability === 'process' && {
      'the lane is refused': ({ sender }: LaneState) => sender.refused,
      'the lane goes on after a power loss': (state: LaneState) => state.powerLost && isDone(state, inputs),
    }),
    ...(faults > 1 && {
      'a hello that comes late': ({ sender, toReceiver }: LaneState) => {
        return sender.session?.phase === 'open' && toReceiver.late.some((frame) => frame.kind === 'hello')
      },
    }),
  }
}
