import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** What a run came to. A file or a suite that breaks outside of any test counts as one failure. */
export interface Totals {
  passed: number
  failed: number
  skipped: number
}

export function totalsLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** Ends a run with `N passed, N failed` alone on the last line, for whoever reads the output with a script. */
export default class TotalsReporter implements Reporter {
  #totals: Totals = { passed: 0, failed: 0, skipped: 0 }

  onInit(): void {
    process.once('exit', (code) => {
      // A run that failed without a failing test (nothing found, a crash, a broken config) must not read as a success.
      if (code !== 0 && this.#totals.failed === 0) this.#totals.failed = 1
      writeSync(1, `${totalsLine(this.#totals)}\n`)
    })
  }

  onTestRunEnd(modules: readonly Pick<TestModule, 'children' | 'errors'>[], errors: readonly unknown[]): void {
    this.#totals = countTotals(modules, errors)
  }
}

export function countTotals(
  modules: readonly Pick<TestModule, 'children' | 'errors'>[],
  errors: readonly unknown[],
): Totals {
  const totals: Totals = { passed: 0, failed: errors.length, skipped: 0 }
  for (const module of modules) {
    totals.failed += module.errors().length
    for (const suite of module.children.allSuites()) totals.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed' || state === 'failed') totals[state]++
      else totals.skipped++
    }
  }
  return totals
}
