import { expect, test } from 'vitest'
import { entryBytes } from '../../runtime/shard/lanes/out-lane.ts'
import { OutLanes } from '../../runtime/shard/lanes/out-lanes.ts'
import { message } from './hand-group.ts'
import { contentOf } from './lane-message.ts'

const lanesOfGroup0 = (): OutLanes => new OutLanes(0, (shard) => shard % 2)

test('entries of a lane are numbered from 1, and chained over what they are', () => {
  const lanes = lanesOfGroup0()
  const first = lanes.append(0, 1, message('x'), 1)
  const second = lanes.append(0, 1, message('x'), 1)
  const elsewhere = lanes.append(2, 1, message('x'), 1)
  const otherRoute = lanes.append(2, 3, message('x', 1), 1)
  expect([first.number, second.number, elsewhere.number]).toEqual([1, 2, 1])
  expect(elsewhere.chainHigh).toBe(first.chainHigh)
  expect(second.chainHigh).not.toBe(first.chainHigh)
  expect(otherRoute.chainHigh).not.toBe(first.chainHigh)
  const bytes = 3 * entryBytes(message('x')) + entryBytes(message('x', 1))
  expect([lanes.waitingCount, lanes.waitingBytes]).toEqual([4, bytes])
})

test('an entry is ready when its commit is durable; one for the own group at once', () => {
  const lanes = lanesOfGroup0()
  lanes.append(0, 1, message('a'), 1)
  lanes.append(0, 2, message('b'), 1)
  lanes.append(0, 1, message('c'), 2)
  expect([lanes.ready(1).size, lanes.ready(0).size]).toEqual([0, 1])
  lanes.durable(1)
  expect(lanes.lane(0, 1)!.sendable).toBe(1)
  expect([...lanes.ready(1)]).toEqual([lanes.lane(0, 1)])
  lanes.durable(2)
  expect(lanes.lane(0, 1)!.sendable).toBe(2)
})

test('once the commit is sealed, its entries have their bytes to themselves, and to nothing else', () => {
  const lanes = lanesOfGroup0()
  const shared = new Uint8Array(10_000)
  const one = message('one')
  shared.set(one.buffer, 5_000)
  const entry = lanes.append(0, 1, { buffer: shared, start: 5_000, end: 5_000 + one.end }, 1)
  lanes.append(0, 1, message('two'), 1)
  const { chainHigh } = entry
  lanes.sealed()
  shared.fill(0)
  expect([contentOf(entry), contentOf(lanes.lane(0, 1)!.entry(2)!)]).toEqual(['one', 'two'])
  expect([entry.buffer.length, entry.chainHigh]).toEqual([one.end + message('two').end, chainHigh])
})

test('what is pruned frees its commits, and is told to the next one', () => {
  const lanes = lanesOfGroup0()
  lanes.append(0, 1, message('a'), 3)
  const second = lanes.append(0, 1, message('b'), 4)
  lanes.append(2, 3, message('c'), 5)
  lanes.durable(5)
  expect([lanes.lowestWaitingCommit, lanes.waits(0, 1), lanes.hasTouched]).toEqual([3, true, false])
  lanes.pruneLane(lanes.lane(0, 1)!, 2)
  expect([lanes.lowestWaitingCommit, lanes.waits(0, 1), lanes.waitingCount]).toEqual([5, false, 1])
  expect(lanes.ready(1).has(lanes.lane(0, 1)!)).toBe(false)
  expect(lanes.hasTouched).toBe(true)
  const { number, chainHigh, chainLow } = second
  expect(lanes.takeTouched()).toMatchObject([{ from: 0, to: 1, pruned: { number, chainHigh, chainLow } }])
  expect(lanes.takeTouched()).toEqual([])
  lanes.pruneLane(lanes.lane(2, 3)!, 1)
  expect(lanes.lowestWaitingCommit).toBe(undefined)
})

test('RULE 4: pruned <= watermark <= sent, and equal chains', () => {
  const lanes = lanesOfGroup0()
  const entries = ['a', 'b', 'c'].map((content) => lanes.append(0, 1, message(content), 1))
  const check = (number: number, like: number): string => {
    const { chainHigh, chainLow } = entries[like - 1]!
    return lanes.check(0, 1, number, chainHigh, chainLow)
  }
  expect(lanes.check(0, 1, 0, 0, 0)).toBe('ok')
  expect([check(1, 1), check(2, 2), check(3, 3)]).toEqual(['ok', 'ok', 'ok'])
  expect([check(2, 3), check(4, 3)]).toEqual(['forked', 'ahead-of-sent'])
  lanes.pruneLane(lanes.lane(0, 1)!, 2)
  expect([check(1, 1), check(2, 2), check(2, 1), check(3, 3)]).toEqual(['behind-pruned', 'ok', 'forked', 'ok'])
  expect([lanes.check(2, 3, 0, 0, 0), lanes.check(2, 3, 1, 0, 0)]).toEqual(['ok', 'ahead-of-sent'])
})

test('a lane that is long and pruned piece by piece keeps its entries by number', () => {
  const lanes = lanesOfGroup0()
  for (let i = 1; i <= 1_000; i++) lanes.append(0, 1, message(`m${i}`), i)
  lanes.durable(1_000)
  const lane = lanes.lane(0, 1)!
  for (let i = 7; i < 1_000; i += 7) {
    lanes.pruneLane(lane, i)
    expect(lane.entry(i + 1)!.number).toBe(i + 1)
    expect(lanes.lowestWaitingCommit).toBe(i + 1)
  }
  expect([lane.waiting, lane.entry(lane.pruned.number), lane.entry(1_001)]).toEqual([6, undefined, undefined])
})

test('recovery: positions first, then entries; what is pruned is passed over', () => {
  const before = lanesOfGroup0()
  const entries = ['a', 'b', 'c', 'd'].map((content, i) => before.append(0, 1, message(content), i + 1))
  const lanes = lanesOfGroup0()
  lanes.restoreLane(0, 1, entries[1]!, { number: 0, chainHigh: 0, chainLow: 0 })
  lanes.restoreLane(0, 1, entries[1]!, entries[1]!)
  for (const entry of entries) lanes.restoreEntry(0, 1, entry)
  lanes.restored()
  expect([lanes.waitingCount, lanes.lowestWaitingCommit, lanes.lane(0, 1)!.sendable]).toEqual([2, 3, 4])
  expect([...lanes.ready(1)]).toEqual([lanes.lane(0, 1)])
  expect(lanes.append(0, 1, message('e'), 9)).toEqual(before.append(0, 1, message('e'), 9))
})

test('recovery: missing entries are an error, in the middle and at the end', () => {
  const entries = ['a', 'b', 'c'].map((content) => lanesOfGroup0().append(0, 1, message(content), 1))
  const middle = lanesOfGroup0()
  middle.restoreEntry(0, 1, entries[0]!)
  expect(() => middle.restoreEntry(0, 1, { ...message('c'), number: 3, chainHigh: 1, chainLow: 2, commit: 1 })).toThrow(
    /message 2 from shard 0 to shard 1/,
  )
  const end = lanesOfGroup0()
  end.restoreLane(0, 1, { number: 2, chainHigh: 1, chainLow: 2 }, { number: 0, chainHigh: 0, chainLow: 0 })
  end.restoreEntry(0, 1, entries[0]!)
  expect(() => end.restored()).toThrow('MR_STORE_CORRUPT')
})
