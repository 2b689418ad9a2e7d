import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from '../../support/eventually.ts'
import { memberFile, type MemberTask } from './member.ts'

/** A process, as the test that has started it sees it. */
export class Member {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  #isWanted = true
  #stderr = ''
  isMember = false
  groups: readonly number[] = []

  constructor(task: MemberTask) {
    this.#child = fork(memberFile, [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.#ended = once(this.#child, 'close')
    this.#child.on('message', (said) => {
      if (said === 'member') this.isMember = true
      else this.groups = said as number[]
    })
  }

  /** Throws if it has ended by itself. */
  check(): void {
    const { exitCode, signalCode } = this.#child
    if (this.#isWanted && (exitCode ?? signalCode) !== null)
      throw new Error(`a process ended by itself with ${exitCode ?? signalCode}:\n${this.#stderr}`)
  }

  async has(count: number): Promise<void> {
    await eventually(() => {
      this.check()
      return this.groups.length === count
    })
  }

  /** It does nothing any more, and its connections stay. */
  halt(): void {
    this.#child.kill('SIGSTOP')
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#isWanted = false
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async stop(): Promise<void> {
    this.#child.send('stop')
    const [code, signal] = await this.#ended
    if (code !== 0) throw new Error(`a process ended with ${code ?? signal}:\n${this.#stderr}`)
  }
}
