import type { RunStats } from '../run/running.ts'

const terminalMs = 250
const logMs = 5_000

/**
 * What a running program does, on standard error: one line that changes where somebody looks, a line now and then where
 * nobody does, and one at the end.
 */
export class LiveLine {
  readonly #stats: () => RunStats
  readonly #terminal: boolean = process.stderr.isTTY
  readonly #timer: NodeJS.Timeout
  readonly #startedMs: number = performance.now()
  #beforeMs: number = this.#startedMs
  #before = 0
  #perSecond = 0
  #shown = ''

  constructor(stats: () => RunStats) {
    this.#stats = stats
    this.#timer = setInterval(() => this.#tell(), this.#terminal ? terminalMs : logMs).unref()
  }

  /** A line of its own, above the live one. */
  say(text: string): void {
    if (this.#terminal) process.stderr.write('\r\u001b[K')
    process.stderr.write(`${text}\n`)
    if (this.#terminal) process.stderr.write(this.#shown)
  }

  end(): void {
    clearInterval(this.#timer)
    const stats = this.#stats()
    const seconds = (performance.now() - this.#startedMs) / 1_000
    this.#shown = ''
    this.say(`${line(stats, stats.read / seconds)}, ${seconds.toFixed(1)} s`)
  }

  #tell(): void {
    const stats = this.#stats()
    const nowMs = performance.now()
    const perSecond = (1_000 * (stats.read - this.#before)) / (nowMs - this.#beforeMs)
    // A terminal is told so often that the figure would dance.
    this.#perSecond = this.#terminal ? 0.8 * this.#perSecond + 0.2 * perSecond : perSecond
    const text = line(stats, this.#perSecond)
    this.#beforeMs = nowMs
    this.#before = stats.read
    if (this.#terminal) process.stderr.write(`\r\u001b[K${text}`)
    // A program that has nothing to do has nothing to say.
    else if (text !== this.#shown) process.stderr.write(`${text}\n`)
    this.#shown = text
  }
}

function line({ read, committed, written, deadLetters }: RunStats, perSecond: number): string {
  return `in ${count(read)} (${count(perSecond)}/s), committed ${count(committed)}, out ${count(written)}, dead letters ${count(deadLetters)}`
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
