import { createCodec } from '../../runtime/codec/codec.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import type { Plan } from '../../runtime/shard/plan.ts'
import type { EntityTable } from '../../runtime/shard/row.ts'
import type { Worker } from '../../runtime/worker/worker.ts'
import { letterSpace, lettersOf, type StoredLetter } from './letters.ts'
import { type Asked, LiveProgram } from './live-program.ts'
import type { MeteredPartition } from './metered-partition.ts'
import type { MeteredSink } from './metered-sink.ts'
import type { OffloadDesk } from './offload/desk.ts'
import { Outcome } from './outcome.ts'
import { stoppedEarly } from './request-errors.ts'
import type { RunStats } from './running.ts'
import type { Rows } from './states.ts'

export interface LocalParts {
  readonly plan: Plan
  readonly worker: Worker
  readonly store: LevelStore
  readonly partitions: MeteredPartition[]
  readonly sinks: readonly MeteredSink[]
  /** Undefined: no source has offloaded steps. */
  readonly desk: OffloadDesk | undefined
}

/**
 * A program with one worker, on this thread. It owns everything that was opened for the worker: when that has stopped, for
 * whatever reason, all is closed, and only then `done` settles.
 */
export class LocalProgram extends LiveProgram {
  readonly #parts: LocalParts
  #once: boolean
  #isOpen = false
  #closing = false
  readonly #opening = new Outcome()
  readonly #ending = new Outcome()

  constructor(parts: LocalParts, once: boolean) {
    super(parts.plan, createCodec(), parts.store.shardCount)
    this.#parts = parts
    this.#once = once
  }

  get opened(): Promise<void> {
    return this.#opening.promise
  }

  get done(): Promise<void> {
    return this.#ending.promise
  }

  /** To be called after every tick of the worker. */
  readonly ticked = (): void => {
    const { worker } = this.#parts
    if (worker.state === 'stopped') {
      void this.#close()
      return
    }
    if (!this.#isOpen) this.#lookWhetherOpen()
    // In the same tick: if all is done when it opens, there may be no other.
    if (this.#isOpen && this.#once && worker.finished) {
      this.#once = false
      worker.drain()
    }
  }

  /** A source has been given one more partition. */
  async add(source: number, partition: MeteredPartition): Promise<void> {
    if (this.#closing) return await partition.close()
    this.#parts.partitions.push(partition)
    this.#parts.worker.read(source, partition)
  }

  stop(): Promise<void> {
    this.#parts.worker.drain()
    return this.done
  }

  stats(): RunStats {
    const { worker, partitions, sinks, plan } = this.#parts
    const { group } = worker
    let read = 0
    let committed = 0
    for (const partition of partitions) {
      read += partition.read
      committed += partition.committed
    }
    const kept = group === undefined ? 0 : group.deadLetters - group.deadLettersBefore
    let written = 0
    sinks.forEach((sink, i) => (written += i === plan.deadLetterSink ? 0 : sink.written))
    return {
      read,
      committed,
      written,
      deadLetters: plan.deadLetterSink === undefined ? kept : sinks[plan.deadLetterSink]!.written,
      handled: group?.handledCount ?? 0,
      commits: worker.counts.commits,
    }
  }

  /** Dead letters that are kept in the store. */
  async letters(): Promise<StoredLetter[]> {
    return await lettersOf(await this.rows(...letterSpace))
  }

  /** Handles a dead letter again. Resolves when that is durable, with whether it went well this time. */
  async retry({ rowKey, bytes, letter }: StoredLetter): Promise<boolean> {
    const { worker, desk } = this.#parts
    const over = await desk?.prepareLetter(letter)
    const outcome = new Promise<boolean>((resolve, reject) => {
      const done = (error: Error | undefined, ok?: boolean): void =>
        error === undefined ? resolve(ok === true) : reject(error)
      worker.want({ kind: 'retry', rowKey, letter: bytes, done })
    })
    return await outcome.finally(over)
  }

  protected asked(_shard: number, { message, ...asked }: Asked): Promise<unknown> {
    const own = this.codec.decode(message, 0, message.length)
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, answer?: unknown): void =>
        error === undefined ? resolve(answer) : reject(error)
      this.#parts.worker.want({ kind: 'ask', ...asked, message: own, done })
    })
  }

  protected stateOf(_shard: number, entity: number, key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, state?: unknown): void =>
        error === undefined ? resolve(state) : reject(error)
      this.#parts.worker.want({ kind: 'get', entity, key, done })
    })
  }

  /** Rows as of one commit: they are written, and the snapshot is taken before the next commit is begun. */
  protected rows(from: Uint8Array, to: Uint8Array): Promise<Rows> {
    const { worker, store } = this.#parts
    return new Promise((resolve, reject) => {
      worker.want({
        kind: 'flush',
        done: (error) => (error === undefined ? resolve(store.scan(from, to)) : reject(error)),
      })
    })
  }

  protected table(entity: number): Promise<EntityTable> {
    return Promise.resolve(this.#parts.worker.group!.cache.tables[entity]!)
  }

  #lookWhetherOpen(): void {
    const { worker, partitions } = this.#parts
    const { group } = worker
    if (worker.state !== 'running' || group === undefined) return
    if (!group.outboxes.every(({ opened }) => opened) || !partitions.every(({ tried }) => tried)) return
    this.#isOpen = true
    this.#opening.settle(undefined)
  }

  async #close(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const { worker, store, partitions, sinks, desk } = this.#parts
    let error: unknown = worker.error
    const close = (closing: Promise<void>): Promise<void> =>
      closing.catch((failure: unknown) => void (error ??= failure))
    await Promise.all(
      [...partitions, ...sinks, ...(desk === undefined ? [] : [desk])].map((part) => close(part.close())),
    )
    await close(store.close())
    if (!this.#isOpen) {
      this.#opening.settle(error ?? stoppedEarly())
      this.done.catch(() => {}) // Whoever waited for `opened` was told.
    }
    this.onClosed?.()
    this.#ending.settle(error)
  }
}
