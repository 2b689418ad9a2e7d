import { createCodec } from '../../runtime/codec/codec.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import type { ThreadCounts } from '../../runtime/node/threads/shared-counts.ts'
import type { Worker } from '../../runtime/worker/worker.ts'
import { letterSpace, lettersOf, type StoredLetter } from './letters.ts'
import type { MeteredPartition } from './metered-partition.ts'
import type { OffloadDesk } from './offload/desk.ts'
import { Outcome } from './outcome.ts'
import type { Outside } from './outside.ts'
import { stoppedEarly } from './request-errors.ts'
import type { Asked, Shift } from './shift.ts'
import type { Rows } from './states.ts'

export interface LocalParts {
  readonly worker: Worker
  readonly store: LevelStore
  readonly partitions: MeteredPartition[]
  /** Undefined: no source has offloaded steps. */
  readonly desk: OffloadDesk | undefined
  readonly outside: Outside
}

/** One worker, on this thread. When it has stopped, for whatever reason, its partitions are closed, and only then `done` settles. */
export class LocalShift implements Shift {
  readonly #parts: LocalParts
  readonly #codec = createCodec()
  #once: boolean
  #isOpen = false
  #closing = false
  readonly #opening = new Outcome()
  readonly #ending = new Outcome()

  constructor(parts: LocalParts, once: boolean) {
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

  drain(): void {
    this.#parts.worker.drain()
  }

  get counts(): ThreadCounts {
    const { worker, partitions } = this.#parts
    const { group } = worker
    let read = 0
    let committed = 0
    for (const partition of partitions) {
      read += partition.read
      committed += partition.committed
    }
    const deadLetters = group === undefined ? 0 : group.deadLetters - group.deadLettersBefore
    return { read, committed, deadLetters, handled: group?.handledCount ?? 0, commits: worker.counts.commits }
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

  asked(_shard: number, { message, ...asked }: Asked): Promise<unknown> {
    const own = this.#codec.decode(message, 0, message.length)
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, answer?: unknown): void =>
        error === undefined ? resolve(answer) : reject(error)
      this.#parts.worker.want({ kind: 'ask', ...asked, message: own, done })
    })
  }

  stateOf(_shard: number, entity: number, key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, state?: unknown): void =>
        error === undefined ? resolve(state) : reject(error)
      this.#parts.worker.want({ kind: 'get', entity, key, done })
    })
  }

  /** Rows as of one commit: they are written, and the snapshot is taken before the next commit is begun. */
  rows(from: Uint8Array, to: Uint8Array): Promise<Rows> {
    const { worker, store } = this.#parts
    return new Promise((resolve, reject) => {
      worker.want({
        kind: 'flush',
        done: (error) => (error === undefined ? resolve(store.scan(from, to)) : reject(error)),
      })
    })
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
    const { worker, partitions, outside, desk } = this.#parts
    const parts = [...partitions, outside, ...(desk === undefined ? [] : [desk])]
    const closed = await Promise.allSettled(parts.map((part) => part.close()))
    const failed = closed.find((one): one is PromiseRejectedResult => one.status === 'rejected')
    const error: unknown = worker.error ?? failed?.reason
    if (!this.#isOpen) this.#opening.settle(error ?? stoppedEarly())
    this.#ending.settle(error)
  }
}
