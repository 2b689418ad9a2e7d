import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Task {
  /** Where the program of the process was built. */
  readonly built: string
  readonly job: string
  readonly folder: string
  readonly durability: 'disk' | 'process'
  /** Threads; undefined: the program is run where it is loaded. */
  readonly workers?: number
}

export interface Start {
  readonly grows: boolean
}

export type Progress =
  | { kind: 'ready' }
  | { kind: 'running' }
  | { kind: 'scaled' }
  | { kind: 'committed'; records: number }

/**
 * When a process is killed: so long after it began, after it was seen to have committed so many records in this life, or after it was
 * asked to go on with another number of workers, or said that it does.
 */
export type Moment =
  | { readonly at: 'beginning'; readonly afterMs: number }
  | { readonly at: 'scaling' | 'scaled'; readonly workers: number; readonly afterMs: number }
  | { readonly at: 'committed'; readonly records: number; readonly afterMs: number }

/** A process that runs a job, from its start to its end or to its death. */
export class Life {
  readonly #child: ChildProcess
  readonly #ended: Promise<[code: number | null, signal: string | null]>
  readonly #ready: Promise<unknown>
  #stderr = ''

  constructor(task: Task) {
    const file = join(task.built, 'test/system/support/child.js')
    this.#child = fork(file, [JSON.stringify(task)], { execArgv: [], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.#ended = once(this.#child, 'close') as Promise<[number | null, string | null]>
    this.#ready = once(this.#child, 'message')
  }

  /** Runs to the end of the input. */
  async runToEnd(): Promise<void> {
    await this.#begin({ grows: false })
    const [code, signal] = await this.#ended
    if (code !== 0) throw this.#diedByItself(code, signal)
  }

  /** Runs while the input grows, until the moment comes. `onRunning` is called when it has opened what was there. */
  async runUntilKilled(moment: Moment, onRunning: () => Promise<void>): Promise<void> {
    let killing: Promise<void> | undefined
    let growing: Promise<void> | undefined
    const kill = (): void => void (killing ??= this.#killAfter(moment.afterMs))
    this.#child.on('message', (progress: Progress) => {
      if (progress.kind === 'running') {
        growing = onRunning()
        if ('workers' in moment) this.#child.send({ scale: moment.workers }, () => {})
        if (moment.at === 'scaling') kill()
      }
      if (progress.kind === 'scaled' && moment.at === 'scaled') kill()
      if (progress.kind === 'committed' && moment.at === 'committed' && progress.records >= moment.records) kill()
    })
    await this.#begin({ grows: true })
    if (moment.at === 'beginning') kill()
    const [code, signal] = await this.#ended
    if (killing === undefined) throw this.#diedByItself(code, signal)
    await Promise.all([killing, growing])
  }

  async #begin(start: Start): Promise<void> {
    await Promise.race([this.#ready, this.#ended])
    this.#child.send(start, () => {}) // if it is gone, that is told in another way
  }

  async #killAfter(afterMs: number): Promise<void> {
    if (afterMs > 0) await sleep(afterMs)
    this.#child.kill('SIGKILL')
  }

  #diedByItself(code: number | null, signal: string | null): Error {
    return new Error(`the process ended by itself with ${code ?? signal}:\n${this.#stderr}`)
  }
}
