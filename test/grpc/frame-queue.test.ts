import { expect, test } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { FrameQueue } from '../../runtime/node/grpc/frame-queue.ts'
import { packMessage, unpackMessage } from '../../runtime/node/grpc/packing.ts'
import { HandGroup } from '../lanes/hand-group.ts'
import { frameOf } from './support/two-processes.ts'

const overheadBytes = 128

test('what does not fit is dropped; a pair that has less than its share waiting always fits', () => {
  const queue = new FrameQueue({ totalBytes: 1_000 + overheadBytes, shareBytes: 500 })
  expect(queue.push(0, 1, new Uint8Array(5_000))).toBe(true) // larger than all, but its pair has nothing waiting
  expect(queue.push(0, 1, new Uint8Array(1))).toBe(false)
  expect(queue.push(2, 1, new Uint8Array(100))).toBe(true)
  expect(queue.push(2, 1, new Uint8Array(100))).toBe(true)
  expect(queue.push(2, 1, new Uint8Array(100))).toBe(false)
  expect(queue.push(1, 2, new Uint8Array(100))).toBe(true)
  expect([queue.dropped, queue.sizeBytes]).toEqual([2, 5_300 + 4 * overheadBytes])
  expect(queue.shift()?.frame.length).toBe(5_000)
  expect(queue.push(0, 1, new Uint8Array(1))).toBe(true)
  queue.clear()
  expect([queue.isEmpty, queue.sizeBytes, queue.dropped]).toEqual([true, 0, 6])
})

test('frames leave in the order in which they came, whatever is taken when', () => {
  const prng = new Prng(1, 1)
  const queue = new FrameQueue()
  let pushed = 0
  let shifted = 0
  while (pushed < 20_000) {
    for (let more = prng.below(2_000); more > 0; more--) queue.push(pushed % 7, 1, frameOf(pushed++))
    for (let more = prng.below(2_000); more > 0 && !queue.isEmpty; more--)
      expect(queue.shift()!.frame).toEqual(frameOf(shifted++))
  }
  expect(queue.sizeBytes).toBe((pushed - shifted) * (4 + overheadBytes))
})

test('what is packed is unpacked, and half a message is junk', () => {
  const queue = new FrameQueue()
  const frames = [0, 1, 7, 300, 70_000, 3].map((length, i) => ({
    from: i,
    to: 4_095,
    frame: new Uint8Array(length).fill(i),
  }))
  for (const { from, to, frame } of frames) queue.push(from, to, frame)
  const messages: Buffer[] = []
  while (!queue.isEmpty) messages.push(packMessage(queue, 1_000))
  expect(messages.map(({ length }) => length)).toEqual([70_000 + 308 + 5 * 8, 3 + 8])
  expect(messages.flatMap(unpackMessage)).toEqual(frames)
  const [first] = messages
  for (const length of [1, 7, 8 + 3, 8 + 8, first!.length - 1])
    expect(() => unpackMessage(first!.subarray(0, length))).toThrow(RangeError)
})

/**
 * More pairs than a queue has room for, a network that carries little, lanes that write as fast as their credit lets them, and one
 * pair that keeps the queue full whatever is taken from it.
 */
test('lanes get on through a queue that is always full and much smaller than their credit', () => {
  const prng = new Prng(7, 1)
  const limits = { totalBytes: 2_500, shareBytes: 700 }
  const [there, back] = [new FrameQueue(limits), new FrameQueue(limits)]
  const pairs = Array.from({ length: 12 }, () => ({ a: new HandGroup(0), b: new HandGroup(1) }))
  const greedy = pairs.length
  let filled = 0
  const messages = Array.from({ length: 200 }, (_, i) => `message ${i}`)
  for (const { a } of pairs) a.post(0, 1, ...messages)
  const isDone = (): boolean => pairs.every(({ a, b }) => b.taken.length === messages.length && a.links.isQuiet)
  let rounds = 0
  for (; !isDone() && rounds < 20_000; rounds++) {
    while (there.push(greedy, greedy, new Uint8Array(100))) filled += 1
    for (const [i, { a, b }] of pairs.entries()) {
      a.links.tick(rounds)
      b.links.tick(rounds)
      for (const frame of a.takeOutbox()) there.push(i, i, frame)
      for (const frame of b.takeOutbox()) back.push(i, i, frame)
    }
    for (let carried = prng.below(4); carried > 0 && !there.isEmpty; carried--) {
      const { to, frame } = there.shift()!
      if (to === greedy) continue
      const { b } = pairs[to]!
      b.links.onFrame(0, frame, rounds)
      b.take()
      b.commit(rounds)
    }
    for (let carried = prng.below(4); carried > 0 && !back.isEmpty; carried--) {
      const { to, frame } = back.shift()!
      pairs[to]!.a.links.onFrame(1, frame, rounds)
    }
  }
  for (const { a, b } of pairs) {
    expect(b.taken).toEqual(messages)
    expect([...a.errors, ...b.errors]).toEqual([])
  }
  expect([there.dropped > 100, filled > 100]).toEqual([true, true])
  expect(isDone()).toBe(true)
})
