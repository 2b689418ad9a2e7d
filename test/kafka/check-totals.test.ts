import { expect, test } from 'vitest'
import type { Event, Total } from './programs/totals.ts'
import { checkTotals } from './support/check-totals.ts'

const events: Event[] = Array.from({ length: 30 }, (_, i) => ({ key: `k${i % 3}`, value: (i * 7) % 11 }))

function totalsOf(list: readonly Event[]): Total[] {
  const all = new Map<string, Total>()
  return list.map(({ key, value }) => {
    const last = all.get(key) ?? { key, value, count: 0, sum: 0, min: value, max: value }
    const { count, sum, min, max } = last
    const total = {
      key,
      value,
      count: count + 1,
      sum: sum + value,
      min: Math.min(min, value),
      max: Math.max(max, value),
    }
    all.set(key, total)
    return total
  })
}

const right = totalsOf(events)

test('what is right is right, however keys are mixed', () => {
  expect(checkTotals(events, right)).toEqual([])
  expect(
    checkTotals(
      events,
      right.toSorted((a, b) => a.key.localeCompare(b.key)),
    ),
  ).toEqual([])
})

test.each([
  ['a record twice', 'k2: 11 records, not 10', [...right.slice(0, 12), right[11]!, ...right.slice(12)]],
  ['a record missing', 'k2: 9 records, not 10', right.filter((_, i) => i !== 17)],
  ['the last record missing', 'k2: record 9 is missing', right.slice(0, -1)],
  [
    'two records of a key in the wrong order',
    'k0: record 1 is ["k0",9,3,',
    right.map((total, i) => right[i === 3 ? 6 : i === 6 ? 3 : i]!),
  ],
  [
    'an event that counted twice',
    'k2: record 3 is ["k2",1,4,',
    totalsOf([...events.slice(0, 9), events[8]!, ...events.slice(9)]),
  ],
  ['a key that nobody sent', 'k9: 1 records, not 0', [...right, { ...right[0]!, key: 'k9' }]],
])('%s is found', (_, problem, totals) => {
  expect(checkTotals(events, totals)).toContainEqual(expect.stringContaining(problem))
})
