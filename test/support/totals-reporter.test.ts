import { expect, test } from 'vitest'
import { countTotals, totalsLine } from './totals-reporter.ts'

type State = 'passed' | 'failed' | 'skipped' | 'pending'

function moduleOf(states: State[], moduleErrors = 0, suiteErrors = 0): Parameters<typeof countTotals>[0][number] {
  return {
    errors: () => Array.from({ length: moduleErrors }, () => ({ message: 'broken' })),
    children: {
      allTests: () => states.map((state) => ({ result: () => ({ state }) })),
      allSuites: () => [{ errors: () => Array.from({ length: suiteErrors }) }],
    },
  } as unknown as Parameters<typeof countTotals>[0][number]
}

test('the last line is plain, and names skipped tests only if there are some', () => {
  expect(totalsLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
  expect(totalsLine({ passed: 1, failed: 2, skipped: 3 })).toBe('1 passed, 2 failed, 3 skipped')
})

test('what breaks outside of a test counts as a failure', () => {
  expect(countTotals([moduleOf(['passed', 'failed', 'skipped', 'pending'])], [])).toEqual({
    passed: 1,
    failed: 1,
    skipped: 2,
  })
  expect(countTotals([moduleOf([], 1, 0), moduleOf(['passed'], 0, 1)], [new Error('unhandled')])).toEqual({
    passed: 1,
    failed: 3,
    skipped: 0,
  })
})
