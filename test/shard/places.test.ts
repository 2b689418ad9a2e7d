import { expect, test } from 'vitest'
import { Places } from '../../runtime/shard/places.ts'

/** An error that counts how often its stack is made into text. */
function thrownAt(place: string, asked: { times: number }): Error {
  const error = new Error('out of range')
  return Object.defineProperty(error, 'stack', {
    get() {
      asked.times += 1
      return `Error: out of range\n    at ${place}\n    at somewhere else`
    },
  })
}

test('of errors that say the same on the same route only the first is asked for its stack, until a second has passed', () => {
  const places = new Places()
  const asked = { times: 0 }
  for (let i = 0; i < 100; i++)
    expect(places.of(thrownAt('gauge.ts:12', asked), 'Error: out of range', 3, 10_000 + i)).toBe('gauge.ts:12')
  expect(asked.times).toBe(1)
  expect(places.of(thrownAt('gauge.ts:20', asked), 'Error: out of range', 3, 11_000)).toBe('gauge.ts:20')
  expect(asked.times).toBe(2)
})

test('another message and another route have places of their own', () => {
  const places = new Places()
  const asked = { times: 0 }
  expect(places.of(thrownAt('a.ts:1', asked), 'Error: out of range', 0, 5_000)).toBe('a.ts:1')
  expect(places.of(thrownAt('b.ts:1', asked), 'Error: out of range', 1, 5_000)).toBe('b.ts:1')
  expect(places.of(thrownAt('c.ts:1', asked), 'Error: no number', 0, 5_000)).toBe('c.ts:1')
  expect(places.of(thrownAt('d.ts:1', asked), 'Error: out of range', 0, 5_000)).toBe('a.ts:1')
})

test('errors with a text of their own each are not kept without bound', () => {
  const places = new Places()
  const asked = { times: 0 }
  for (let i = 0; i < 1_000; i++) places.of(thrownAt('a.ts:1', asked), `Error: ${i}`, 0, 5_000)
  expect(places.of(thrownAt('b.ts:1', asked), 'Error: 999', 0, 5_000)).toBe('b.ts:1')
})
