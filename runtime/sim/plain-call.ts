import { MillraceError } from '../base/errors.ts'
import { maxKeyBytes, maxMessageBytes } from '../base/limits.ts'
import { Prng } from '../base/prng.ts'
import { utf8Length, utf8Write } from '../base/utf8.ts'
import { type Codec, UnencodableError } from '../shard/codec.ts'
import { MessageId } from '../shard/message-id.ts'
import type { AddressData, FlowOut, Plan } from '../shard/plan.ts'
import { Several } from '../shard/plan.ts'

/** What one call of a handler wants, in the order in which it said so. */
export type PlainEffect =
  | {
      readonly kind: 'message'
      readonly route: number
      readonly key: string
      readonly bytes: Uint8Array
      readonly id: string
    }
  | { readonly kind: 'output'; readonly sink: number; readonly key: string; readonly bytes: Uint8Array }
  | {
      readonly kind: 'timer'
      readonly name: string
      readonly atMs: number
      readonly route: number
      readonly bytes: Uint8Array
      readonly id: string
    }
  | { readonly kind: 'cancel'; readonly name: string }

/** What a call is told about the message and its entity. */
export interface Place {
  readonly entity: number
  readonly key: string
  readonly nowMs: number
  readonly timeMs: number
  readonly id: string
  /** The activity with a partner, as an object to be changed in place. */
  activity(partner: string): object
}

/**
 * One plain call of a handler, with a context of its own making: what docs/guarantees.md says a handler may do and nothing of how the
 * runtime does it. Whatever the runtime committed must be what this gives.
 */
export class PlainCall implements FlowOut {
  readonly effects: PlainEffect[] = []
  forgot = false
  readonly plan: Plan
  readonly place: Place
  readonly #codec: Codec
  readonly #id = new MessageId()
  readonly #child = new MessageId()
  #effectIndex = 0
  #random: Prng | undefined

  constructor(plan: Plan, codec: Codec, place: Place) {
    this.plan = plan
    this.place = place
    this.#codec = codec
    this.#id.set(Number.parseInt(place.id.slice(0, 8), 16), Number.parseInt(place.id.slice(8), 16))
  }

  /** Runs the handler of a route, and what it returns through what follows. Throws what they throw. */
  run(route: number, state: object, message: unknown): unknown {
    const { run, outputs } = this.plan.routes[route]!
    const context = new PlainContext(this)
    let result: unknown
    try {
      result = run(state, message, context)
    } finally {
      context.end()
    }
    if (outputs === undefined || result === undefined || result === null) return result
    for (const value of result instanceof Several ? result.values : [result]) outputs(value, this)
    return result
  }

  /** What whoever asked gets. */
  answer(result: unknown): Uint8Array | undefined {
    let value = result
    if (result instanceof Several) for (value of result.values) break
    return value === undefined || value === null ? undefined : this.encode(value)
  }

  toEntity(route: number, key: unknown, value: unknown): void {
    checkKey(key)
    const bytes = this.encode(value)
    this.effects.push({ kind: 'message', route, key, bytes, id: this.#nextId() })
  }

  toSink(sink: number, value: unknown): void {
    const { encode, key: keyOf } = this.plan.sinks[sink]!
    const bytes = asBytes(encode(value))
    const key = keyOf === undefined ? '' : keyOf(value)
    checkKey(key)
    if (bytes.length > maxMessageBytes) throw tooLarge(bytes)
    this.#effectIndex += 1
    this.effects.push({ kind: 'output', sink, key, bytes })
  }

  timer(atMs: number, to: unknown, message: unknown, id: string | undefined): void {
    const route = this.#own(to)
    if (id !== undefined) checkKey(id)
    const bytes = this.encode(message)
    this.effects.push({ kind: 'timer', name: this.#timerName(route, id), atMs, route, bytes, id: this.#nextId() })
  }

  cancel(to: unknown, id: string | undefined): void {
    this.#effectIndex += 1
    this.effects.push({ kind: 'cancel', name: this.#timerName(this.#own(to), id) })
  }

  forget(): void {
    this.#effectIndex += 1
    this.forgot = true
  }

  random(): number {
    this.#random ??= new Prng(this.#id.high, this.#id.low)
    return this.#random.unit()
  }

  routeTo(to: unknown): number {
    const route = this.plan.routeOf.get(to)
    if (route === undefined) throw unknownHandler()
    return route
  }

  routeOfAddress(address: AddressData): number {
    for (const route of this.plan.routeOf.values()) {
      const { entity, handler } = this.plan.routes[route]!
      if (handler === address.handler && this.plan.entities[entity]!.name === address.entity) return route
    }
    throw unknownHandler()
  }

  encode(value: unknown): Uint8Array {
    let bytes: Uint8Array
    try {
      bytes = this.#codec.encode(value).slice()
    } catch (cause) {
      if (!(cause instanceof UnencodableError)) throw cause
      throw new MillraceError('MR_ENCODE_FAILED', cause.message, { next: 'Send and return plain data', cause })
    }
    if (bytes.length > maxMessageBytes) throw tooLarge(bytes)
    return bytes
  }

  #nextId(): string {
    this.#child.derive(this.#id, this.#effectIndex++)
    return idOf(this.#child)
  }

  #own(to: unknown): number {
    const route = this.routeTo(to)
    if (this.plan.routes[route]!.entity !== this.place.entity) throw new TypeError('a timer is a message to myself')
    return route
  }

  #timerName(route: number, id: string | undefined): string {
    const { handler } = this.plan.routes[route]!
    return id === undefined ? handler : `${handler}/${id}`
  }
}

/** The `ctx` of a plain call. */
class PlainContext {
  readonly #call: PlainCall
  #ended = false

  constructor(call: PlainCall) {
    this.#call = call
  }

  end(): void {
    this.#ended = true
  }

  get key(): string {
    return this.#lent.place.key
  }

  get now(): number {
    return this.#lent.place.nowMs
  }

  get time(): number {
    return this.#lent.place.timeMs
  }

  random(): number {
    return this.#lent.random()
  }

  send(to: unknown, key: unknown, message?: unknown): void {
    const call = this.#lent
    call.toEntity(call.routeTo(to), key, message)
  }

  reply(to: AddressData, message?: unknown): void {
    const call = this.#lent
    call.toEntity(call.routeOfAddress(to), to.key, message)
  }

  after(delayMs: number, to: unknown, message?: unknown, options?: { readonly id?: string }): void {
    const call = this.#lent
    call.timer(call.place.nowMs + checkTime(delayMs), to, message, options?.id)
  }

  at(clockMs: number, to: unknown, message?: unknown, options?: { readonly id?: string }): void {
    this.#lent.timer(checkTime(clockMs), to, message, options?.id)
  }

  cancel(to: unknown, id?: string): void {
    this.#lent.cancel(to, id)
  }

  address(to: unknown, key?: string): AddressData {
    const call = this.#lent
    const { entity, handler } = call.plan.routes[call.routeTo(to)]!
    if (key !== undefined) checkKey(key)
    return { entity: call.plan.entities[entity]!.name, handler, key: key ?? call.place.key }
  }

  activity(partner: unknown): object {
    const call = this.#lent
    checkKey(partner)
    if (call.plan.entities[call.place.entity]!.createActivity === undefined)
      throw new TypeError('ctx.activity: declare it first')
    return call.place.activity(partner)
  }

  forget(): void {
    this.#lent.forget()
  }

  trace(): void {
    void this.#lent
  }

  get #lent(): PlainCall {
    if (!this.#ended) return this.#call
    throw new MillraceError('MR_CONTEXT_MISUSED', 'ctx was used after its handler had returned', {
      next: 'Use it inside the handler',
    })
  }
}

export function checkKey(key: unknown): asserts key is string {
  if (typeof key === 'string' && key.isWellFormed() && utf8Length(key) <= maxKeyBytes) return
  throw new MillraceError('MR_KEY_INVALID', 'not a key', { next: 'Give a short text' })
}

export function idOf(id: { readonly high: number; readonly low: number }): string {
  return hex(id.high) + hex(id.low)
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0')
}

function checkTime(ms: unknown): number {
  if (typeof ms === 'number' && Number.isFinite(ms)) return ms
  throw new TypeError('a time is a finite number of milliseconds')
}

function unknownHandler(): MillraceError {
  return new MillraceError('MR_UNKNOWN_HANDLER', 'no such handler', { next: 'List its entity in the pipeline' })
}

function tooLarge(bytes: Uint8Array): MillraceError {
  return new MillraceError('MR_MESSAGE_TOO_LARGE', `${bytes.length} bytes`, { next: 'Split it' })
}

export function asBytes(encoded: Uint8Array | string): Uint8Array {
  if (typeof encoded !== 'string') return encoded.slice()
  const bytes = new Uint8Array(utf8Length(encoded))
  utf8Write(encoded, bytes, 0)
  return bytes
}
