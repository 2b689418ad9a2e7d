import { MillraceError } from '../../../runtime/base/errors.ts'
import * as limits from '../../../runtime/base/limits.ts'
import { Pool } from '../../../runtime/node/pool/pool.ts'
import type { DeadLetterData } from '../../../runtime/shard/dead-letter.ts'
import type { OffloadDefinition } from '../../offload.ts'
import { invalidOffload } from '../../offload/errors.ts'
import type { Answer, OffloadedSource } from '../../offload/offloaded-source.ts'
import type { PoolThreadData } from './pool-thread-data.ts'
import { StepQueue } from './queue.ts'

/** So many tasks of each thread are read ahead: one that runs, the next, and room for those that wait for a slow one. */
const tasksAhead = 4

export interface DeskOptions {
  /** As the plan's sources. */
  readonly sources: readonly (OffloadedSource | undefined)[]
  readonly threads: number
  /** Whether threads load files as the command does. */
  readonly usesLoader: boolean
}

/**
 * Where one worker has offloaded steps done. It has a pool of its own: threads are started when there is something to do, and end
 * with the worker.
 *
 * Memory is bounded: of all partitions together so many records may wait for their steps, and records and results together may
 * take so many bytes until they are durable. Beyond that nothing more is read. A partition that has nothing under way may always
 * go on, or one that is full could keep the others from ever being read.
 */
export class OffloadDesk {
  /** Records that wait for their steps, and their bytes with those of results that are not durable yet. */
  readonly load = { records: 0, bytes: 0 }
  readonly #sources: readonly (OffloadedSource | undefined)[]
  readonly #pool: Pool
  readonly #queues: ReadonlyMap<OffloadDefinition, StepQueue>
  #running = 0
  #turn = 0
  #dispatching = false
  readonly #letters = new Set<(error: Error) => void>()
  #closed = false

  constructor({ sources, threads, usesLoader }: DeskOptions) {
    this.#sources = sources
    const workerData: PoolThreadData = { millrace: 'offload pool', usesLoader }
    this.#pool = new Pool({ entry: entry(), threads, workerData })
    const steps = new Set(sources.flatMap((source) => source?.steps ?? []))
    this.#queues = new Map([...steps].map((step) => [step, new StepQueue(step, this.#pool)]))
  }

  /** Of the plan's source at this place. Undefined: it has no offloaded steps. */
  source(index: number): OffloadedSource | undefined {
    return this.#sources[index]
  }

  /** Has a step done. Answers later, or never when it is no longer wanted. */
  ask(step: OffloadDefinition, bytes: Uint8Array, isWanted: () => boolean, done: (answer: Answer) => void): void {
    this.#queues.get(step)!.add(bytes, isWanted, done)
    if (this.#dispatching) return
    this.#dispatching = true
    // Once for all that are asked in this turn: they go together.
    queueMicrotask(() => {
      this.#dispatching = false
      this.#dispatch()
    })
  }

  /**
   * How many records of a source may be read now: at most as many as its steps take at a time, and only while no more wait than
   * every thread needs to have its next task at hand.
   */
  roomFor({ steps }: OffloadedSource, { isIdle }: { readonly isIdle: boolean }): number {
    const unit = Math.max(...steps.map((step) => this.#queues.get(step)!.chunk))
    const ahead = Math.min(limits.maxOffloadedRecords, tasksAhead * this.#pool.threads * unit)
    const { records, bytes } = this.load
    const isFull = records >= ahead || bytes >= limits.maxOffloadedBytes
    return isFull && !isIdle ? 0 : unit
  }

  /**
   * Does the offloaded steps of a dead letter that is to be handled again. Resolves with what is to be called when that is over.
   * Rejects with MR_STOPPED.
   */
  async prepareLetter({ format, source, message }: DeadLetterData): Promise<() => void> {
    const offloaded = format === 'record' ? this.#sources.find((one) => one?.plan.name === source) : undefined
    if (offloaded === undefined) return () => {}
    return await new Promise((resolve, reject) => {
      this.#letters.add(reject)
      offloaded.prepare(
        message,
        (step, bytes, done) => this.ask(step, bytes, () => true, done),
        (segment) => {
          this.#letters.delete(reject)
          resolve(offloaded.keepByContent(message, segment))
        },
      )
    })
  }

  /** Loads every step in a thread, so that one that cannot be loaded there is noticed at the start. Throws MR_OFFLOAD_INVALID. */
  async check(): Promise<void> {
    for (const step of this.#queues.keys()) {
      const { name, href, exportName } = step.place!
      const nothing = { bytes: new Uint8Array(0), ends: new Uint32Array(0) }
      const progress = new Int32Array(new SharedArrayBuffer(4))
      const result = await this.#pool.run({ href, exportName, name, ...nothing, progress }, limits.offloadLoadMs)
      if ('kind' in result)
        throw invalidOffload(
          `${name} cannot be loaded in a thread of its own: ${result.kind === 'died' ? String(result.cause) : 'it takes too long'}`,
          'Keep offloaded steps in a file that starts nothing, and that needs nothing but what it imports',
          result.kind === 'died' ? result.cause : undefined,
        )
    }
  }

  /** Ends its threads, whatever they do. */
  async close(): Promise<void> {
    this.#closed = true
    for (const reject of this.#letters) reject(stopped())
    await this.#pool.close()
  }

  /** Gives every free thread a task; steps take turns. */
  #dispatch(): void {
    const queues = [...this.#queues.values()]
    while (!this.#closed && this.#running < this.#pool.threads) {
      const at = queues.findIndex((_, i) => !queues[(this.#turn + i) % queues.length]!.isEmpty)
      if (at < 0) return
      const queue = queues[(this.#turn + at) % queues.length]!
      this.#turn = (this.#turn + at + 1) % queues.length
      const task = queue.next()
      if (task === undefined) continue
      this.#running += 1
      void task.then(() => {
        this.#running -= 1
        this.#dispatch()
      })
    }
  }
}

function stopped(): MillraceError {
  return new MillraceError('MR_STOPPED', 'the worker has stopped before the dead letter was handled again', {
    next: 'Retry it: nothing has happened',
  })
}

function entry(): URL {
  const built = new URL('./pool-thread.js', import.meta.url)
  return import.meta.url.endsWith('.js') ? built : new URL(built.href.replace(/js$/, 'ts'))
}
