import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from '../../runtime/base/fifo.ts'

test('a queue is an array that gives its first item', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ push: fc.nat() }) },
    { weight: 2, arbitrary: fc.constant('shift' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const queue = new Fifo<number>()
      const array: number[] = []
      for (const step of steps) {
        if (step === 'shift') expect(queue.shift()).toBe(array.shift())
        else {
          queue.push(step.push)
          array.push(step.push)
        }
        expect([queue.size, queue.first, queue.last]).toEqual([array.length, array[0], array.at(-1)])
        expect(queue.at(array.length >> 1)).toBe(array[array.length >> 1])
      }
    }),
  )
})
