import { maxMessageBytes } from '../../runtime/base/limits.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import type { Plan } from '../../runtime/shard/plan.ts'
import { Space } from '../../runtime/shard/row-key.ts'
import type { Worker } from '../../runtime/worker/worker.ts'
import { entityOf, handlerOf } from '../entity-definition.ts'
import { letterSpace, lettersOf, type StoredLetter } from './letters.ts'
import type { MeteredPartition } from './metered-partition.ts'
import type { MeteredSink } from './metered-sink.ts'
import { Outcome } from './outcome.ts'
import { handlerFailed, notEncodable, stoppedEarly, tooLarge, unknownEntity, unknownHandler } from './request-errors.ts'
import type { RunStats } from './running.ts'
import { type Rows, readStates } from './states.ts'

export interface LiveParts {
  readonly plan: Plan
  readonly worker: Worker
  readonly store: LevelStore
  readonly partitions: MeteredPartition[]
  readonly sinks: readonly MeteredSink[]
}

/**
 * A worker in the real world, and the way to speak with it. It owns everything that was opened for the worker: when that has
 * stopped, for whatever reason, all is closed, and only then `done` settles.
 */
export class LiveProgram {
  /** Called before `done` settles. */
  onClosed: (() => void) | undefined = undefined
  readonly #parts: LiveParts
  readonly #codec = createCodec()
  #once: boolean
  #isOpen = false
  #closing = false
  readonly #opening = new Outcome()
  readonly #ending = new Outcome()

  constructor(parts: LiveParts, once: boolean) {
    this.#parts = parts
    this.#once = once
  }

  /** It runs, or why it does not. */
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

  async send(to: unknown, key: string, message?: unknown, options?: { readonly id?: string }): Promise<void> {
    await this.#request(to, key, message, options?.id, false)
  }

  async ask(to: unknown, key: string, message?: unknown, options?: { readonly id?: string }): Promise<unknown> {
    return await this.#request(to, key, message, options?.id, true)
  }

  async get(entity: unknown, key: string): Promise<unknown> {
    const index = this.#entity(entity)
    return await new Promise((resolve, reject) => {
      this.#parts.worker.want({
        kind: 'get',
        entity: index,
        key,
        done: (error, state) => (error === undefined ? resolve(state) : reject(error)),
      })
    })
  }

  scan(entity: unknown): AsyncIterable<readonly [string, unknown]> {
    return this.#states(this.#entity(entity))
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
    return await lettersOf(await this.#rows(...letterSpace))
  }

  /** Handles a dead letter again. Resolves when that is durable, with whether it went well this time. */
  retry({ rowKey, bytes }: StoredLetter): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#parts.worker.want({
        kind: 'retry',
        rowKey,
        letter: bytes,
        done: (error, ok) => (error === undefined ? resolve(ok === true) : reject(error)),
      })
    })
  }

  #request(to: unknown, key: string, message: unknown, id: string | undefined, wantsAnswer: boolean): Promise<unknown> {
    const { plan, worker } = this.#parts
    const route = plan.routeOf.get(to)
    if (route === undefined)
      throw notInPlan(
        handlerOf(to),
        (handler) => unknownHandler(plan, `${handler.entity.name}.${handler.name}`),
        'a handler, such as Account.deposit',
      )
    const { name } = plan.routes[route]!
    const own = this.#own(name, message)
    return new Promise((resolve, reject) => {
      const done = (error: Error | undefined, answer?: unknown): void =>
        error === undefined ? resolve(answer) : reject(handlerFailed(name, key, error))
      worker.want({ kind: 'ask', route, key, message: own, id, wantsAnswer, done })
    })
  }

  /** The message as it is now, whatever its sender does with it later (RULE 7). */
  #own(route: string, message: unknown): unknown {
    let bytes: Uint8Array
    try {
      bytes = this.#codec.encode(message)
    } catch (error) {
      throw notEncodable(route, error)
    }
    if (bytes.length > maxMessageBytes) throw tooLarge(route, bytes.length)
    return this.#codec.decode(bytes.slice(), 0, bytes.length)
  }

  #entity(entity: unknown): number {
    const { plan } = this.#parts
    const definition = entityOf(entity)
    const index = plan.entities.findIndex(({ name }) => name === definition?.name)
    if (index < 0) throw notInPlan(definition, ({ name }) => unknownEntity(plan, name), 'an entity')
    return index
  }

  async *#states(entity: number): AsyncGenerator<readonly [string, unknown]> {
    const rows = await this.#rows(new Uint8Array([Space.entity]), new Uint8Array([Space.entity + 1]))
    yield* readStates(rows, this.#parts.worker.group!.cache.tables[entity]!, this.#codec)
  }

  /** Rows as of one commit: they are written, and the snapshot is taken before the next commit is begun. */
  #rows(from: Uint8Array, to: Uint8Array): Promise<Rows> {
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
    const { worker, store, partitions, sinks } = this.#parts
    let error: unknown = worker.error
    const close = (closing: Promise<void>): Promise<void> =>
      closing.catch((failure: unknown) => void (error ??= failure))
    await Promise.all([...partitions, ...sinks].map((part) => close(part.close())))
    await close(store.close())
    if (!this.#isOpen) {
      this.#opening.settle(error ?? stoppedEarly())
      this.done.catch(() => {}) // Whoever waited for `opened` was told.
    }
    this.onClosed?.()
    this.#ending.settle(error)
  }
}

function notInPlan<T>(definition: T | undefined, error: (definition: T) => Error, wanted: string): Error {
  return definition === undefined ? new TypeError(`this was given no ${wanted}`) : error(definition)
}
