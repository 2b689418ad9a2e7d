import { mix32 } from '../../runtime/base/hash.ts'
import { Prng } from '../../runtime/base/prng.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import type { Context } from '../context.ts'
import { type EntityDefinition, type HandlerDefinition, handlerOf, hideCalled } from '../entity-definition.ts'
import type { Address, To } from '../place.ts'

export interface ContextOptions {
  /** The key of the entity. Default 'me'. */
  readonly key?: string
  /** Clock time in ms. Default 0. */
  readonly now?: number
  /** Event time in ms. Default: as `now`. */
  readonly time?: number
  /** What `ctx.random()` is drawn from. Default 1. */
  readonly seed?: number
}

/** A context that remembers what a handler did with it. */
export interface TestContext extends Context {
  /** What was sent to a handler, by `send` or `reply`, in order. */
  sent<M>(to: To<M>): { key: string; message: M }[]
  /** The timers that are pending for a handler, in the order in which they were set. */
  timers<M>(to: To<M>): { id: string | undefined; atMs: number; message: M }[]
  /** Whether `ctx.forget()` was called. */
  readonly forgotten: boolean
}

/**
 * What a handler needs to be called as the plain function that it is: `Account.transfer(state, message, context({ key: 'alice' }))`.
 * One context may serve several calls: it is one entity's, and its timers and activities go on from call to call. What is sent
 * is copied as it is at that moment; what is no plain data is refused with an UnencodableError.
 */
export function context(options: ContextOptions = {}): TestContext {
  return new RememberingContext(options) as unknown as TestContext
}

interface Timer {
  readonly to: HandlerDefinition
  readonly id: string | undefined
  readonly atMs: number
  readonly message: unknown
}

class RememberingContext {
  readonly key: string
  readonly now: number
  readonly time: number
  forgotten = false
  readonly #prng: Prng
  readonly #codec = createCodec()
  readonly #sent: { readonly place: string; readonly key: string; readonly message: unknown }[] = []
  readonly #timers = new Map<string, Timer>()
  readonly #activities = new Map<string, object>()
  /** Whose handler was called last: known from that call. */
  #entity: EntityDefinition | undefined = undefined

  constructor({ key = 'me', now = 0, time = now, seed = 1 }: ContextOptions) {
    this.key = key
    this.now = now
    this.time = time
    this.#prng = new Prng(mix32(seed), seed)
    hideCalled(this, (entity) => (this.#entity = entity))
  }

  random(): number {
    return this.#prng.unit()
  }

  send(to: unknown, key: string, message?: unknown): void {
    this.#sent.push({ place: placeOf(handler(to)), key, message: this.#copied(message) })
  }

  reply(to: Address<unknown>, message?: unknown): void {
    this.#sent.push({ place: `${to.entity}.${to.handler}`, key: to.key, message: this.#copied(message) })
  }

  after(delayMs: number, to: unknown, message?: unknown, options?: { readonly id: string }): void {
    this.at(this.now + delayMs, to, message, options)
  }

  at(atMs: number, to: unknown, message?: unknown, options?: { readonly id: string }): void {
    const name = timerName(to, options?.id)
    this.#timers.delete(name) // what is moved comes last
    this.#timers.set(name, { to: handler(to), id: options?.id, atMs, message: this.#copied(message) })
  }

  cancel(to: unknown, id?: string): void {
    this.#timers.delete(timerName(to, id))
  }

  address(to: unknown, key: string = this.key): { entity: string; handler: string; key: string } {
    const { entity, name } = handler(to)
    return { entity: entity.name, handler: name, key }
  }

  activity(partner: string): object {
    const create = this.#entity?.createActivity
    if (create === undefined)
      throw new TypeError('ctx.activity: declare `activity: () => ({ ... })` in the entity first')
    let found = this.#activities.get(partner)
    if (found === undefined) this.#activities.set(partner, (found = create()))
    return found
  }

  forget(): void {
    this.forgotten = true
    this.#timers.clear()
    this.#activities.clear()
  }

  trace(): void {}

  sent(to: unknown): { key: string; message: unknown }[] {
    const place = placeOf(handler(to))
    return this.#sent.filter((one) => one.place === place).map(({ key, message }) => ({ key, message }))
  }

  timers(to: unknown): { id: string | undefined; atMs: number; message: unknown }[] {
    const place = handler(to)
    return [...this.#timers.values()]
      .filter((timer) => timer.to === place)
      .map(({ id, atMs, message }) => ({ id, atMs, message }))
  }

  #copied(message: unknown): unknown {
    const bytes = this.#codec.encode(message).slice()
    return this.#codec.decode(bytes, 0, bytes.length)
  }
}

function timerName(to: unknown, id: string | undefined): string {
  const place = placeOf(handler(to))
  return id === undefined ? place : `${place}/${id}`
}

function placeOf({ entity, name }: HandlerDefinition): string {
  return `${entity.name}.${name}`
}

function handler(to: unknown): HandlerDefinition {
  const found = handlerOf(to)
  if (found === undefined) throw new TypeError('this is no handler: name one, such as Account.deposit')
  return found
}
