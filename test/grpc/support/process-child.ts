import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../support/eventually.ts'
import type { FromProcess, ProcessTask, ToProcess } from './group-process.ts'

const file = fileURLToPath(new URL('./group-process.ts', import.meta.url))

/** A process of groups, as the test that has started it sees it. */
export class ProcessChild {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown[]>
  readonly #said: FromProcess[] = []
  #stderr = ''
  #isWanted = true
  port = 0
  incarnation = ''
  /** Other processes that it has a stream with. */
  streams = 0

  static async start(task: ProcessTask): Promise<ProcessChild> {
    const child = new ProcessChild(task)
    await child.#hear(({ kind }) => kind === 'listening')
    return child
  }

  private constructor(task: ProcessTask) {
    this.#child = fork(file, [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.#ended = once(this.#child, 'close')
    this.#child.on('message', (message: FromProcess) => {
      this.#said.push(message)
      if (message.kind === 'streams') this.streams = message.open
      if (message.kind !== 'listening') return
      this.port = message.port
      this.incarnation = message.incarnation
    })
  }

  /** Throws if it has ended by itself. */
  check(): void {
    const { exitCode, signalCode } = this.#child
    if (this.#isWanted && (exitCode ?? signalCode) !== null)
      throw new Error(`the process ended by itself with ${exitCode ?? signalCode}:\n${this.#stderr}`)
  }

  tell(order: ToProcess): void {
    this.#child.send(order)
  }

  async open(group: number): Promise<void> {
    this.#forget('opened')
    this.tell({ kind: 'open', group })
    await this.#hear((said) => said.kind === 'opened' && said.group === group)
  }

  async leave(group: number): Promise<void> {
    this.#forget('left')
    this.tell({ kind: 'leave', group })
    await this.#hear((said) => said.kind === 'left' && said.group === group)
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

  async end(): Promise<void> {
    this.tell({ kind: 'end' })
    const [code, signal] = await this.#ended
    if (code !== 0) throw new Error(`the process ended with ${code ?? signal}:\n${this.#stderr}`)
  }

  #forget(kind: FromProcess['kind']): void {
    const kept = this.#said.filter((said) => said.kind !== kind)
    this.#said.splice(0, this.#said.length, ...kept)
  }

  async #hear(wanted: (message: FromProcess) => boolean): Promise<void> {
    await eventually(() => {
      this.check()
      return this.#said.some(wanted)
    })
  }
}
