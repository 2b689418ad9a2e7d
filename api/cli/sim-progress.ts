import type { CheckReport } from '../testing/check.ts'
import type { SimulationVerdict } from '../testing/simulation-error.ts'

/** What a process that tries seeds tells. */
export type SimNews =
  | { readonly kind: 'passed'; readonly report: CheckReport }
  | { readonly kind: 'failed'; readonly seed: number; readonly verdict: SimulationVerdict; readonly message: string }

const terminalMs = 250
const logMs = 5_000

/** How far it is, on standard error: one line that changes where somebody looks, a line now and then where nobody does. */
export class SimProgress {
  readonly #seeds: number
  readonly #total = { seeds: 0, worlds: 0, faults: 0, handled: 0 }
  readonly #startedMs: number = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(seeds: number) {
    this.#seeds = seeds
    this.#timer = setInterval(() => this.#tell(), process.stderr.isTTY ? terminalMs : logMs).unref()
  }

  add(report: CheckReport): void {
    for (const name of ['seeds', 'worlds', 'faults', 'handled'] as const) this.#total[name] += report[name]
  }

  /** The last line, for standard output. */
  end(): string {
    clearInterval(this.#timer)
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
    return this.#line()
  }

  #tell(): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${this.#line()}`)
    else process.stderr.write(`${this.#line()}\n`)
  }

  #line(): string {
    const { seeds, worlds, faults, handled } = this.#total
    const seconds = (performance.now() - this.#startedMs) / 1_000
    const of = seeds === this.#seeds ? count(seeds) : `${count(seeds)} of ${count(this.#seeds)}`
    return `${of} seeds, ${count(worlds)} worlds, ${count(faults)} faults, ${count(handled)} messages, ${count(worlds / seconds)} worlds/s`
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
