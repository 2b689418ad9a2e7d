import { Command, type Exit } from '../../cli/support/command.ts'
import { eventually } from '../../support/eventually.ts'

/** What `millrace join` says whenever other groups run there. */
const said = /groups here: ((?:\d+ ?)+|none) \(of \d+\)/g

/** A process, as the test that has started it sees it. */
export class Member {
  readonly #command: Command
  #isWanted = true

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#command = new Command(['join', ...args], { environment })
  }

  get #groups(): readonly string[] {
    const last = [...this.#command.stderr.matchAll(said)].at(-1)?.[1] ?? 'none'
    return last === 'none' ? [] : last.trim().split(' ')
  }

  /** Throws if it has ended by itself. */
  check(): void {
    const { exitCode, signalCode } = this.#command.child
    if (this.#isWanted && (exitCode ?? signalCode) !== null)
      throw new Error(`a process ended by itself with ${exitCode ?? signalCode}:\n${this.#command.stderr}`)
  }

  /** How it ended by itself. */
  get end(): Promise<Exit> {
    this.#isWanted = false
    return this.#command.exit
  }

  async has(count: number): Promise<void> {
    await eventually(() => {
      this.check()
      return this.#groups.length === count
    })
  }

  /** It does nothing any more, and its connections stay. */
  halt(): void {
    this.#command.child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#command.child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#isWanted = false
    await this.#command.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    const { code, signal, stderr } = await this.#command.kill('SIGTERM')
    if (code !== 0) throw new Error(`a process ended with ${code ?? signal}:\n${stderr}`)
  }
}
