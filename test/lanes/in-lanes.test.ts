import { expect, test } from 'vitest'
import { InLanes } from '../../runtime/shard/lanes/in-lanes.ts'

test('a position is staged when its message is taken, and durable with the commit that was sealed after it', () => {
  const lanes = new InLanes()
  const lane = lanes.lane(0, 1)
  lanes.advance(lane, 1, 11, 12)
  lanes.advance(lane, 2, 21, 22)
  expect(lanes.hasTouched).toBe(true)
  expect(lanes.takeTouched()).toEqual([{ lane, position: { number: 2, chainHigh: 21, chainLow: 22 } }])
  lanes.sealed(5)
  lanes.advance(lane, 3, 31, 32)
  lanes.durable(5)
  expect([lane.durable.number, lane.number, lane.staged.chainLow]).toEqual([2, 3, 32])
  lanes.takeTouched()
  lanes.sealed(6)
  expect(lanes.takeTouched()).toEqual([])
  lanes.sealed(7)
  lanes.durable(7)
  expect([lane.durable.number, lanes.hasTouched]).toEqual([3, false])
})

test('recovery keeps the highest position', () => {
  const lanes = new InLanes()
  for (const number of [4, 9, 2]) lanes.restore(0, 1, { number, chainHigh: number, chainLow: 0 })
  expect(lanes.lane(0, 1).durable).toEqual({ number: 9, chainHigh: 9, chainLow: 0 })
  expect(lanes.lanesInto(1)).toEqual([lanes.lane(0, 1)])
  expect(lanes.lanesInto(0)).toEqual([])
})
