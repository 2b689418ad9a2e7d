/** One line that changes in place on a terminal; elsewhere, only the lines that stay. */
export class Screen {
  readonly #out = process.stdout
  #live = ''
  #drawnMs = 0

  /** A line that stays. */
  say(text = ''): void {
    this.#out.write(`${this.#erase()}${text}\n`)
    this.#live = ''
  }

  /** A bar that stays until something else is said. */
  bar(label: string, done: number, total: number, note: string): void {
    if (!this.#out.isTTY || performance.now() - this.#drawnMs < 50) return
    const width = 30
    const filled = Math.min(width, Math.floor((width * done) / total))
    const bar = '█'.repeat(filled).padEnd(width, '░')
    this.#out.write(this.#erase() + (this.#live = `${label.padEnd(12)} ${bar} ${percent(done, total)}  ${note}`))
    this.#drawnMs = performance.now()
  }

  bold(text: string): string {
    return this.#out.isTTY ? `\u001b[1m${text}\u001b[22m` : text
  }

  #erase(): string {
    return this.#live === '' ? '' : '\r\u001b[K'
  }
}

function percent(done: number, total: number): string {
  return `${Math.floor((100 * done) / total)} %`.padStart(5)
}
