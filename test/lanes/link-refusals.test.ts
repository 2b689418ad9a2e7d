import { expect, test } from 'vitest'
import { converse, HandGroup, meet, names, pair } from './hand-group.ts'

test('a receiver ahead of its sender: MR_LANE_DIVERGED, and silence', () => {
  const { a, b } = pair()
  a.post(0, 1, 'a', 'b')
  converse(a, b)
  b.take()
  b.commit()
  const again = new HandGroup(0, { epoch: 2 })
  again.post(0, 1, 'another a')
  meet(again, b)
  expect(again.errors.map(({ code }) => code)).toEqual(['MR_LANE_DIVERGED'])
  expect(again.errors[0]!.message).toMatch(
    /shard 0 of group 0 and shard 1 of group 1 .* is at 2, but only 1 were ever sent/,
  )
  again.post(2, 3, 'not sent')
  for (const nowMs of [100, 200]) again.links.tick(nowMs)
  expect(again.kinds()).toEqual(['reopen', 'reopen']) // what it says as a receiver
  expect([again.links.hasCredit, again.outLanes.waitingCount]).toEqual([false, 2])
})

test('the same number, but another message', () => {
  const { a, b } = pair()
  a.post(0, 1, 'a')
  converse(a, b)
  b.take()
  b.commit()
  const again = new HandGroup(0, { epoch: 2 })
  again.post(0, 1, 'another a')
  meet(again, b)
  expect(again.errors[0]!.message).toContain('number 1 is another message')
})

test('a receiver behind what was pruned', () => {
  const { a, b } = pair()
  a.post(0, 1, 'a')
  converse(a, b)
  b.take()
  b.commit()
  converse(a, b)
  meet(a, new HandGroup(1, { epoch: 2 }))
  a.links.tick(0)
  const again = new HandGroup(1, { epoch: 3 })
  converse(a, again)
  expect(a.errors[0]!.message).toContain('the receiver is at 0, but everything up to 1')
})

test('another shard map', () => {
  const a = new HandGroup(0, { ownerOf: (shard) => (shard === 3 ? 1 : 0) })
  const b = new HandGroup(1)
  meet(a, b)
  expect(b.errors.map(({ code }) => code)).toEqual(['MR_SHARD_MAP_DIFFERS'])
  expect(a.links.hasCredit).toBe(false)
})

test('another program, met with the first message that only it knows', () => {
  const a = new HandGroup(0)
  const b = new HandGroup(1, { names: { ...names, routes: ['a.second'] } })
  meet(a, b)
  expect(b.errors).toEqual([])
  a.post(0, 1, 'a')
  converse(a, b)
  a.links.tick(10)
  converse(a, b, 10)
  expect(b.errors.map(({ code }) => code)).toEqual(['MR_PROGRAM_CHANGED'])
  expect([b.take(), a.outLanes.waitingCount]).toEqual([0, 1])
})

test('junk is dropped, and a session that may have lost something by it is opened anew', () => {
  const { a, b } = pair()
  for (const junk of [[], [99], [3, 1]]) b.links.onFrame(0, Uint8Array.from(junk), 0)
  b.links.onFrame(7, Uint8Array.from([1]), 0)
  expect(b.outbox).toEqual([])
  a.post(0, 1, 'a')
  const [frame] = a.takeOutbox()
  b.links.onFrame(0, frame!.subarray(0, frame!.length - 1), 0)
  expect(b.kinds()).toEqual(['reopen'])
  converse(a, b)
  a.links.tick(0)
  converse(a, b)
  expect([b.take(), b.taken.join()]).toEqual([1, 'a'])
})
