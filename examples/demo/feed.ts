import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

const lineBreak = 10

/** A file that gets the lines of another bit by bit. */
export class Feed {
  readonly #bytes: Uint8Array
  /** Where each line ends. */
  readonly #ends: number[] = []
  readonly #target: number
  #lines = 0

  constructor(source: string, target: string) {
    this.#bytes = readFileSync(source)
    for (let at = this.#bytes.indexOf(lineBreak); at >= 0; at = this.#bytes.indexOf(lineBreak, at + 1))
      this.#ends.push(at + 1)
    this.#target = openSync(target, 'w')
  }

  /** As far as `atOnce`, or a few more, but not beyond `limit`. */
  drip(atOnce = 0, limit = this.#ends.length): void {
    const few = Math.ceil(this.#ends.length / 500)
    this.#growTo(Math.min(Math.max(atOnce, this.#lines + few), limit))
  }

  all(): void {
    this.#growTo(this.#ends.length)
    closeSync(this.#target)
  }

  #growTo(lines: number): void {
    if (lines <= this.#lines) return
    const from = this.#ends[this.#lines - 1] ?? 0
    writeSync(this.#target, this.#bytes.subarray(from, this.#ends[lines - 1]))
    this.#lines = lines
  }
}
