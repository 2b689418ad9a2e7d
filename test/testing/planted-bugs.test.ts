import { check, effectivelyOnce, standard } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { handlers } from './planted/handlers.ts'
import { board, last, transactions } from './planted/money.ts'
import { rightUpcasts, state } from './planted/state.ts'
import { steps } from './planted/steps.ts'
import { failureOf } from './support/failure-of.ts'

const planted = [...handlers, ...steps, ...transactions, ...state]

/** Properties that name an end or entity of the wrong pipeline, for the right one. */
const ofTheRight: Record<string, CheckProperties> = {
  'upcasts(person)': [...standard, rightUpcasts],
  'effectivelyOnce(board)': [effectivelyOnce(board, { reads: last })],
}
type CheckProperties = NonNullable<Parameters<typeof check>[1]['properties']>

/** Seeds to look for false alarms with, where there is time. */
const more = Number(process.env['MILLRACE_SEEDS'] ?? 0) / 20

/** Of the inputs of a test to paste. */
function recordsIn(test: string): number {
  const line = test.split('\n').find((line) => line.trimStart().startsWith('inputs:'))!
  return line.match(/\{ /g)?.length ?? 0
}

describe.each(planted)('$bug', ({ property, seeds, records, says, options, wrong, right }) => {
  test(`is found within ${seeds} seeds, and made smaller than ${records + 1} records`, async () => {
    const failure = await failureOf(() => check(wrong, { ...options, seeds }))
    expect(failure.property).toBe(property)
    expect(failure.message).toMatch(says)
    expect(recordsIn(failure.test!)).toBeLessThanOrEqual(records)
  })

  test('is not found where it is not', { timeout: 20_000 + 1_000 * more }, async () => {
    const properties = ofTheRight[property] ?? options.properties
    const report = await check(right, {
      ...options,
      ...(properties && { properties }),
      seeds: Math.max(10, seeds, more),
    })
    if (properties === undefined) expect(report.handled).toBeGreaterThan(100)
  })
})
