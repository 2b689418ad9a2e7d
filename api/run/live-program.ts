import { shardOf } from '../../runtime/base/hash.ts'
import { maxMessageBytes, maxWorkers } from '../../runtime/base/limits.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import type { ThreadCounts } from '../../runtime/node/threads/shared-counts.ts'
import { Catalog } from '../../runtime/shard/catalog.ts'
import type { Codec } from '../../runtime/shard/codec.ts'
import type { Plan } from '../../runtime/shard/plan.ts'
import { EntityTable } from '../../runtime/shard/row.ts'
import { catalogKey, Space } from '../../runtime/shard/row-key.ts'
import { entityOf, handlerOf } from '../entity-definition.ts'
import { Outcome } from './outcome.ts'
import {
  handlerFailed,
  notEncodable,
  stoppedEarly,
  stoppedMeanwhile,
  tooLarge,
  unknownEntity,
  unknownHandler,
} from './request-errors.ts'
import type { RunStats, Scaled } from './running.ts'
import type { Shift } from './shift.ts'
import { readStates } from './states.ts'
import { readRow } from './store-calls.ts'
import type { Workplace } from './workplace.ts'

/** Another number of workers that somebody wants. */
interface Change {
  readonly workers: number
  readonly outcome: Outcome
}

/**
 * A program in the real world, on however many threads, and the way to speak with it.
 *
 *   shift -> at rest -> other groups -> shift -> ... -> closed
 *
 * V1 Shifts follow each other: the next begins when the one before has come to rest and the store has as many groups as are wanted.
 * V2 Who wants something between two shifts waits for the next. Nobody is told of the change.
 * V3 When a shift ends for any other reason, or the next cannot begin, the program has ended.
 */
export class LiveProgram {
  /** Called when nobody works any more, before the store is given back. */
  onEnding: (() => void) | undefined = undefined
  readonly #workplace: Workplace
  readonly #plan: Plan
  readonly #codec: Codec = createCodec()
  #shift: Shift | undefined = undefined
  /** Settles when the next shift has begun, or there will be none. Undefined: one works. */
  #between: Gap | undefined = new Gap()
  #change: Change | undefined = undefined
  #lastChange: Promise<unknown> = Promise.resolve()
  #before: ThreadCounts = noCounts
  #stopping = false
  readonly #opening = new Outcome()
  /** Everything that was opened for it is closed. */
  readonly done: Promise<void>

  constructor(workplace: Workplace) {
    this.#workplace = workplace
    this.#plan = workplace.complete.plan
    this.done = this.#work()
    this.done.catch(() => {}) // it is for whoever runs the program to look at, and may be looked at late
    this.opened.catch(() => {})
  }

  /** It runs, or why it does not. */
  get opened(): Promise<void> {
    return this.#opening.promise
  }

  /** Who works now. Undefined: between two shifts. */
  get shift(): Shift | undefined {
    return this.#between === undefined ? this.#shift : undefined
  }

  stop(): Promise<void> {
    this.#stopping = true
    this.#shift?.drain()
    return this.done
  }

  stats(): RunStats {
    const { deadLetterSink } = this.#plan
    const { sinks } = this.#workplace
    const { deadLetters, ...counts } = sumOf(this.#before, this.#shift?.counts)
    let written = 0
    sinks.forEach((sink, i) => (written += i === deadLetterSink ? 0 : sink.written))
    return {
      ...counts,
      written,
      deadLetters: deadLetterSink === undefined ? deadLetters : sinks[deadLetterSink]!.written,
    }
  }

  get workers(): number {
    return this.#workplace.store.groupCount
  }

  scale(workers: number): Promise<Scaled> {
    const scaled = this.#lastChange.then(() => this.#scale(workers))
    this.#lastChange = scaled.catch(() => {}) // whoever asked is told
    return scaled
  }

  async #scale(workers: number): Promise<Scaled> {
    if (!Number.isInteger(workers) || workers < 1 || workers > maxWorkers)
      throw new TypeError(`workers is a whole number from 1 to ${maxWorkers}, not ${workers}`)
    const before = this.workers
    if (before !== workers) await this.#workplace.prepare(workers)
    if (this.#stopping || this.#between !== undefined) throw stoppedMeanwhile(undefined)
    if (before === workers) return { before, workers, pausedMs: 0 }
    const change = { workers, outcome: new Outcome() }
    const startMs = performance.now()
    this.#change = change
    this.#between = new Gap()
    this.#shift!.drain()
    await change.outcome.promise
    return { before, workers, pausedMs: Math.round(performance.now() - startMs) }
  }

  /** From the first shift to the end (V1, V3). */
  async #work(): Promise<void> {
    let error: unknown
    try {
      do await this.#workOnce()
      while (await this.#changed())
    } catch (failure) {
      error = failure
    }
    this.onEnding?.()
    await this.#workplace.close().catch((failure: unknown) => void (error ??= failure))
    this.#over(error)
    if (error !== undefined) throw error
  }

  async #workOnce(): Promise<void> {
    const shift = await this.#workplace.begin()
    this.#shift = shift
    this.#between?.settle(undefined)
    this.#between = undefined
    if (this.#stopping) shift.drain()
    shift.opened.then(
      () => {
        this.#opening.settle(undefined)
        this.#change?.outcome.settle(undefined)
        this.#change = undefined
      },
      () => {}, // `done` says the same, and whoever waits is told when all is closed
    )
    await shift.done
  }

  /** Whether there is to be another shift; then everything is ready for it. */
  async #changed(): Promise<boolean> {
    if (this.#change === undefined || this.#stopping) return false
    this.#before = sumOf(this.#before, this.#shift?.counts)
    this.#shift = undefined
    await this.#workplace.regroup(this.#change.workers)
    return true
  }

  #over(error: unknown): void {
    this.#stopping = true
    this.#between ??= new Gap()
    this.#between.settle(stoppedMeanwhile(error))
    this.#change?.outcome.settle(error ?? stoppedMeanwhile(undefined))
    this.#opening.settle(error ?? stoppedEarly())
  }

  /** V2 */
  async #working(): Promise<Shift> {
    while (this.#between !== undefined) await this.#between.promise
    return this.#shift!
  }

  async send(to: unknown, key: string, message?: unknown, options?: { readonly id?: string }): Promise<void> {
    await this.#request(to, key, message, options?.id, false)
  }

  async ask(to: unknown, key: string, message?: unknown, options?: { readonly id?: string }): Promise<unknown> {
    return await this.#request(to, key, message, options?.id, true)
  }

  async get(entity: unknown, key: string): Promise<unknown> {
    const index = this.#entity(entity)
    const shift = await this.#working()
    return await shift.stateOf(this.#shardOf(key), index, key)
  }

  scan(entity: unknown): AsyncIterable<readonly [string, unknown]> {
    return this.#states(this.#entity(entity))
  }

  async #request(
    to: unknown,
    key: string,
    message: unknown,
    id: string | undefined,
    wantsAnswer: boolean,
  ): Promise<unknown> {
    const plan = this.#plan
    const route = plan.routeOf.get(to)
    if (route === undefined)
      throw notInPlan(
        handlerOf(to),
        (handler) => unknownHandler(plan, `${handler.entity.name}.${handler.name}`),
        'a handler, such as Account.deposit',
      )
    const { name } = plan.routes[route]!
    const own = this.#encode(name, message)
    try {
      const shift = await this.#working()
      return await shift.asked(this.#shardOf(key), { route, key, message: own, id, wantsAnswer })
    } catch (error) {
      throw handlerFailed(name, key, error)
    }
  }

  /** What is no key is refused by whoever gets it. */
  #shardOf(key: unknown): number {
    return typeof key === 'string' ? shardOf(key, this.#workplace.store.shardCount) : 0
  }

  /** The message as it is now, whatever its sender does with it later (RULE 7). */
  #encode(route: string, message: unknown): Uint8Array {
    let bytes: Uint8Array
    try {
      bytes = this.#codec.encode(message)
    } catch (error) {
      throw notEncodable(route, error)
    }
    if (bytes.length > maxMessageBytes) throw tooLarge(route, bytes.length)
    return bytes.slice()
  }

  #entity(entity: unknown): number {
    const plan = this.#plan
    const definition = entityOf(entity)
    const index = plan.entities.findIndex(({ name }) => name === definition?.name)
    if (index < 0) throw notInPlan(definition, ({ name }) => unknownEntity(plan, name), 'an entity')
    return index
  }

  async *#states(entity: number): AsyncGenerator<readonly [string, unknown]> {
    const shift = await this.#working()
    const rows = await shift.rows(new Uint8Array([Space.entity]), new Uint8Array([Space.entity + 1]))
    yield* readStates(rows, await this.#table(entity), this.#codec)
  }

  async #table(entity: number): Promise<EntityTable> {
    const catalog = Catalog.decode(await readRow(this.#workplace.store, catalogKey))
    const plan = this.#plan.entities[entity]!
    return new EntityTable(entity, plan, catalog.number('entity', plan.name))
  }
}

/** The time between two shifts. There may be nobody who waits for its end. */
class Gap extends Outcome {
  constructor() {
    super()
    this.promise.catch(() => {})
  }
}

const noCounts: ThreadCounts = { read: 0, committed: 0, handled: 0, deadLetters: 0, commits: 0 }

function sumOf(a: ThreadCounts, b: ThreadCounts = noCounts): ThreadCounts {
  const sum = { ...a }
  for (const name of Object.keys(sum) as (keyof ThreadCounts)[]) sum[name] += b[name]
  return sum
}

function notInPlan<T>(definition: T | undefined, error: (definition: T) => Error, wanted: string): Error {
  return definition === undefined ? new TypeError(`this was given no ${wanted}`) : error(definition)
}
