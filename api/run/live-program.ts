import { shardOf } from '../../runtime/base/hash.ts'
import { maxMessageBytes } from '../../runtime/base/limits.ts'
import type { Codec } from '../../runtime/shard/codec.ts'
import type { Plan } from '../../runtime/shard/plan.ts'
import type { EntityTable } from '../../runtime/shard/row.ts'
import { Space } from '../../runtime/shard/row-key.ts'
import { entityOf, handlerOf } from '../entity-definition.ts'
import { handlerFailed, notEncodable, tooLarge, unknownEntity, unknownHandler } from './request-errors.ts'
import type { RunStats } from './running.ts'
import { type Rows, readStates } from './states.ts'

/** A message that somebody outside sends, as it was when it was sent. */
export interface Asked {
  readonly route: number
  readonly key: string
  /** The codec's bytes. */
  readonly message: Uint8Array
  readonly id: string | undefined
  readonly wantsAnswer: boolean
}

/** A program in the real world, on however many threads, and the way to speak with it. */
export abstract class LiveProgram {
  /** Called before `done` settles. */
  onClosed: (() => void) | undefined = undefined
  protected readonly plan: Plan
  protected readonly codec: Codec
  readonly #shardCount: number

  protected constructor(plan: Plan, codec: Codec, shardCount: number) {
    this.plan = plan
    this.codec = codec
    this.#shardCount = shardCount
  }

  /** It runs, or why it does not. */
  abstract readonly opened: Promise<void>
  /** Everything that was opened for it is closed. */
  abstract readonly done: Promise<void>
  abstract stop(): Promise<void>
  abstract stats(): RunStats
  /** Resolves with the answer, when that is durable. */
  protected abstract asked(shard: number, asked: Asked): Promise<unknown>
  protected abstract stateOf(shard: number, entity: number, key: string): Promise<unknown>
  /** Rows with `from <= key < to`, those of each worker as of one commit. */
  protected abstract rows(from: Uint8Array, to: Uint8Array): Promise<Rows>
  protected abstract table(entity: number): Promise<EntityTable>

  async send(to: unknown, key: string, message?: unknown, options?: { readonly id?: string }): Promise<void> {
    await this.#request(to, key, message, options?.id, false)
  }

  async ask(to: unknown, key: string, message?: unknown, options?: { readonly id?: string }): Promise<unknown> {
    return await this.#request(to, key, message, options?.id, true)
  }

  async get(entity: unknown, key: string): Promise<unknown> {
    return await this.stateOf(this.#shardOf(key), this.#entity(entity), key)
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
    const { plan } = this
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
      return await this.asked(this.#shardOf(key), { route, key, message: own, id, wantsAnswer })
    } catch (error) {
      throw handlerFailed(name, key, error)
    }
  }

  /** What is no key is refused by whoever gets it. */
  #shardOf(key: unknown): number {
    return typeof key === 'string' ? shardOf(key, this.#shardCount) : 0
  }

  /** The message as it is now, whatever its sender does with it later (RULE 7). */
  #encode(route: string, message: unknown): Uint8Array {
    let bytes: Uint8Array
    try {
      bytes = this.codec.encode(message)
    } catch (error) {
      throw notEncodable(route, error)
    }
    if (bytes.length > maxMessageBytes) throw tooLarge(route, bytes.length)
    return bytes.slice()
  }

  #entity(entity: unknown): number {
    const { plan } = this
    const definition = entityOf(entity)
    const index = plan.entities.findIndex(({ name }) => name === definition?.name)
    if (index < 0) throw notInPlan(definition, ({ name }) => unknownEntity(plan, name), 'an entity')
    return index
  }

  async *#states(entity: number): AsyncGenerator<readonly [string, unknown]> {
    const rows = await this.rows(new Uint8Array([Space.entity]), new Uint8Array([Space.entity + 1]))
    yield* readStates(rows, await this.table(entity), this.codec)
  }
}

function notInPlan<T>(definition: T | undefined, error: (definition: T) => Error, wanted: string): Error {
  return definition === undefined ? new TypeError(`this was given no ${wanted}`) : error(definition)
}
