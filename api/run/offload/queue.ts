import * as limits from '../../../runtime/base/limits.ts'
import type { Lost, Pool } from '../../../runtime/node/pool/pool.ts'
import type { Task, TaskResult } from '../../../runtime/node/pool/task.ts'
import { fromWire } from '../../../runtime/node/threads/error-wire.ts'
import type { OffloadDefinition } from '../../offload.ts'
import { threadLost, timedOut } from '../../offload/errors.ts'
import type { Answer } from '../../offload/offloaded-source.ts'

/** So long a task should take: long enough that handing it over costs next to nothing, short enough that nobody waits for it. */
const taskMs = 2

interface Call {
  readonly bytes: Uint8Array
  /** Nobody waits for it any more when this says so. */
  readonly isWanted: () => boolean
  readonly done: (answer: Answer) => void
  /** Threads that died over it. */
  attempts: number
}

/**
 * Hands the calls of one step to threads, several at a time where they are quick.
 *
 * A task whose thread dies or gets stuck has taken the results of its other values along: all of them are called again, each in a
 * task of its own. So the one that is to blame is found, and costs nobody else anything but time.
 */
export class StepQueue {
  readonly #step: OffloadDefinition
  readonly #pool: Pool
  #calls: Call[] = []
  /** They have been in a task that was lost, and go alone. */
  #alone: Call[] = []
  #averageMs: number = taskMs

  constructor(step: OffloadDefinition, pool: Pool) {
    this.#step = step
    this.#pool = pool
  }

  /** How many values go into one task. */
  get chunk(): number {
    return Math.max(1, Math.min(limits.maxOffloadChunk, Math.floor(taskMs / this.#averageMs)))
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0 && this.#alone.length === 0
  }

  add(bytes: Uint8Array, isWanted: () => boolean, done: (answer: Answer) => void): void {
    this.#calls.push({ bytes, isWanted, done, attempts: 0 })
  }

  /** Runs one task. Undefined: there was nothing to run. */
  next(): Promise<void> | undefined {
    const calls = this.#take()
    return calls.length === 0 ? undefined : this.#run(calls)
  }

  #take(): Call[] {
    while (this.#alone.length > 0) {
      const call = this.#alone.shift()!
      if (call.isWanted()) return [call]
    }
    this.#calls = this.#calls.filter((call) => call.isWanted())
    const fair = Math.ceil(this.#calls.length / this.#pool.threads)
    return this.#calls.splice(0, Math.min(this.chunk, fair))
  }

  async #run(calls: readonly Call[]): Promise<void> {
    const result = await this.#pool.run(this.#task(calls), this.#step.timeoutMs)
    if ('kind' in result) this.#lost(calls, result)
    else this.#answer(calls, result)
  }

  #task(calls: readonly Call[]): Task {
    const { href, exportName, name } = this.#step.place!
    const ends = new Uint32Array(calls.length)
    let size = 0
    calls.forEach(({ bytes }, i) => {
      size += bytes.length
      ends[i] = size
    })
    const together = new Uint8Array(size)
    calls.forEach(({ bytes }, i) => together.set(bytes, ends[i]! - bytes.length))
    return { href, exportName, name, bytes: together, ends, progress: new Int32Array(new SharedArrayBuffer(4)) }
  }

  #answer(calls: readonly Call[], { bytes, ends, errors, tookMs }: TaskResult): void {
    this.#averageMs += (tookMs / calls.length - this.#averageMs) / 8
    const failures = new Map(errors.map(({ value, error }) => [value, error]))
    calls.forEach(({ done }, i) => {
      const failure = failures.get(i)
      if (failure !== undefined) done({ error: fromWire(failure) })
      // A copy: one result must not keep all of them in memory.
      else done({ bytes: bytes.slice(ends[i - 1] ?? 0, ends[i]) })
    })
  }

  #lost(calls: readonly Call[], lost: Lost): void {
    const name = this.#step.place!.name
    const isAlone = calls.length === 1
    for (const call of calls) {
      call.attempts += 1
      if (lost.kind === 'stuck' && isAlone) call.done({ error: timedOut(name, this.#step.timeoutMs) })
      else if (lost.kind === 'died' && call.attempts >= limits.maxOffloadAttempts)
        call.done({ error: threadLost(name, call.attempts, lost.cause) })
      else this.#alone.push(call)
    }
  }
}
