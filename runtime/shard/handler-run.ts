import { MillraceError } from '../base/errors.ts'
import { maxLocalMessages, maxMessageBytes } from '../base/limits.ts'
import { Prng } from '../base/prng.ts'
import type { Batch } from './batch.ts'
import type { Codec } from './codec.ts'
import { UnencodableError } from './codec.ts'
import type { ContextHost } from './context.ts'
import { HandlerContext } from './context.ts'
import { EffectKind, type Effects } from './effects.ts'
import type { GroupOptions } from './group-options.ts'
import { writeMessageHead } from './lanes/message-bytes.ts'
import { MessageId } from './message-id.ts'
import type { AddressData, FlowOut, Plan } from './plan.ts'
import { Several } from './plan.ts'
import type { RowCache } from './row-cache.ts'
import { writeOutput } from './record.ts'
import { checkKey } from './row-cache.ts'
import { type Row, Status } from './row.ts'
import { Field } from './row-key.ts'
import { type Timer, TimerKind } from './timers.ts'

/** A timer that a handler set (`atMs` defined) or cancelled. Takes effect when the handler has returned. */
export interface TimerWish {
  readonly name: string
  readonly timer: Timer | undefined
}

/** What is known of message i of the batch, when somebody asks. */
export interface MessageView {
  setId(i: number, id: MessageId): void
  timeOf(i: number): number
}

/**
 * One call of one handler: lends it the context, and encodes what it sends and returns at the call (RULE 7). It writes only
 * to `effects`, `timerWishes` and the end of the batch, so that whoever called it can take everything back.
 */
export class HandlerRun implements ContextHost, FlowOut {
  effects: Effects
  /** Nothing is put into the batch: the handler runs once more only to get its state back. */
  replaying = false
  /** From now on messages wait for the next commit: a hop limit was met, and no message may overtake another on its lane. */
  mustWait = false
  /** As it is when a batch begins: older messages wait already. */
  mustWaitAtStart = false
  /** What the handler asked for was not in memory: undo it, load `cache.missing`, run it again. */
  missed = false
  forgot = false
  timerWishes: TimerWish[] = []
  handling = false
  /** While `handling`: the route and its message. */
  currentRoute = 0
  currentMessage: unknown = undefined
  nowMs = 0
  currentKey = ''
  onTrace: ((note: string, data: unknown) => void) | undefined = undefined
  readonly #plan: Plan
  readonly #codec: Codec
  readonly #cache: RowCache
  readonly #batch: Batch
  readonly #messages: MessageView
  readonly #options: Pick<GroupOptions, 'maxHops' | 'bugs' | 'outputChecks'>
  /** Durable numbers of the sinks' names. */
  readonly #sinkIds: readonly number[]
  /** And of the routes'. */
  readonly #routeIds: readonly number[]
  readonly #context: HandlerContext
  readonly #id = new MessageId()
  /** The message being handled, and whether `#id` names it already: most handlers never ask. */
  #message = 0
  #named = false
  readonly #child = new MessageId()
  #row: Row | undefined = undefined
  #shard = 0
  #hops = 0
  #effectIndex = 0
  #random: Prng | undefined = undefined
  readonly #routeOfAddress = new Map<string, number>()

  constructor(
    plan: Plan,
    codec: Codec,
    cache: RowCache,
    batch: Batch,
    messages: MessageView,
    effects: Effects,
    options: Pick<GroupOptions, 'maxHops' | 'bugs' | 'outputChecks'>,
    sinkIds: readonly number[],
    routeIds: readonly number[],
  ) {
    this.#plan = plan
    this.#codec = codec
    this.#cache = cache
    this.#batch = batch
    this.#messages = messages
    this.effects = effects
    this.#options = options
    this.#sinkIds = sinkIds
    this.#routeIds = routeIds
    this.#context = new HandlerContext(this)
    for (const [handler, route] of plan.routeOf) {
      void handler
      this.#routeOfAddress.set(
        addressName(plan.entities[plan.routes[route]!.entity]!.name, plan.routes[route]!.handler),
        route,
      )
    }
  }

  /** Names the message that the next call handles. `hops`: how many messages of this batch led to it. */
  begin(i: number, row: Row | undefined, shard: number, key: string, hops: number): void {
    this.#message = i
    this.#named = false
    this.#row = row
    this.#shard = shard
    this.currentKey = key
    this.#hops = hops
    this.#effectIndex = 0
    this.#random = undefined
    this.missed = false
    this.forgot = false
    if (this.timerWishes.length > 0) this.timerWishes = []
  }

  /** Event time of the message, in ms. */
  get currentTimeMs(): number {
    return this.#messages.timeOf(this.#message)
  }

  /** Whether the handler asked for more than sending. */
  get hasWishes(): boolean {
    return this.forgot || this.timerWishes.length > 0
  }

  /** Runs the handler and what its output flows through. Throws what they throw. Returns what the handler returned. */
  handle(route: number, message: unknown): unknown {
    const { run, outputs } = this.#plan.routes[route]!
    let result: unknown
    this.currentRoute = route
    this.currentMessage = message
    this.handling = true
    try {
      result = run(this.#row!.state!, message, this.#context)
    } finally {
      this.handling = false
    }
    if (result === undefined || result === null || this.missed || outputs === undefined) return result
    if (result instanceof Several) for (const value of result.values) outputs(value, this)
    else outputs(result, this)
    return result
  }

  toEntity(route: number, key: string, value: unknown): void {
    this.#send(route, key, value)
  }

  /** Also called for the outputs of a pipeline without state. */
  toSink(sink: number, value: unknown): void {
    const plan = this.#plan.sinks[sink]!
    const encoded = plan.encode(value)
    const key = plan.key === undefined ? '' : plan.key(value)
    if (plan.key !== undefined) checkKey(key)
    const { payload } = this.effects
    const begin = payload.length
    const start = writeOutput(payload, this.#sinkIds[sink]!, this.#shard, key, encoded)
    checkSize(payload.length - start, `an output for sink "${plan.name}"`)
    const refused = this.#options.outputChecks?.[sink]?.(payload.bytes, start, payload.length)
    if (refused !== undefined) throw refused
    this.#effectIndex += 1
    if (this.replaying) return
    if (this.#options.bugs.encodeStateAtCommitNotReturn) this.effects.late.set(this.effects.count, value)
    this.effects.addOutput(sink, this.#shard, key, begin, start, payload.length)
  }

  sendTo(to: unknown, key: unknown, message: unknown): void {
    this.#send(this.#routeTo(to), key as string, message)
  }

  replyTo(address: AddressData, message: unknown): void {
    const route = this.#routeOfAddress.get(addressName(address?.entity, address?.handler))
    if (route === undefined) throw unknownHandler(`${address?.entity}.${address?.handler}`)
    this.#send(route, address.key, message)
  }

  addressOf(to: unknown, key: string | undefined): AddressData {
    const { entity, handler } = this.#plan.routes[this.#routeTo(to)]!
    if (key !== undefined) checkKey(key)
    return { entity: this.#plan.entities[entity]!.name, handler, key: key ?? this.currentKey }
  }

  setTimer(atMs: number, to: unknown, message: unknown, id: string | undefined): void {
    const route = this.#ownRoute(to)
    if (id !== undefined) checkKey(id)
    const name = timerName(this.#plan.routes[route]!.handler, id)
    const bytes = this.#encode(message, 'the message of the timer')
    const { payload } = this.effects
    payload.u8(0x10)
    payload.text(name)
    payload.f64(atMs)
    payload.block(bytes)
    this.#child.derive(this.#name(), this.#effectIndex++)
    this.timerWishes.push({
      name,
      timer: {
        table: this.#row!.table,
        shard: this.#shard,
        key: this.currentKey,
        name,
        atMs,
        kind: TimerKind.user,
        route,
        message: bytes.slice(),
        timeMs: this.currentTimeMs,
        idHigh: this.#child.high,
        idLow: this.#child.low,
        attempts: 0,
        pending: true,
      },
    })
  }

  cancelTimer(to: unknown, id: string | undefined): void {
    const name = timerName(this.#plan.routes[this.#ownRoute(to)]!.handler, id)
    this.effects.payload.u8(0x11)
    this.effects.payload.text(name)
    this.#effectIndex += 1
    this.timerWishes.push({ name, timer: undefined })
  }

  activityWith(partner: unknown): object {
    checkKey(partner)
    const row = this.#row!
    const create = row.table.plan.createActivity
    if (create === undefined) {
      throw new TypeError(
        `ctx.activity: declare \`activity: () => ({ ... })\` in entity "${row.table.plan.name}" first`,
      )
    }
    const child = this.#cache.child(row, Field.activity, partner)
    if (child.status === Status.absent && row.forgottenIn === this.#batch.serial) {
      this.#cache.forgetChild(row, Field.activity, partner, this.#batch.serial)
    } else if (child.status === Status.absent) {
      this.missed = true
      this.#cache.missing.push(child)
      throw new RowMissing()
    }
    if (child.status === Status.encoded) this.#cache.enliven(child, this.#codec)
    if (child.gone) {
      child.gone = false
      child.state = create()
    }
    if (child.batch !== this.#batch.serial) this.#cache.touch(child, this.#batch.serial)
    return child.state!
  }

  forgetCurrent(): void {
    this.forgot = true
    this.effects.payload.u8(0x12)
    this.#effectIndex += 1
  }

  nextRandom(): number {
    const { high, low } = this.#name()
    this.#random ??= new Prng(high, low)
    return this.#random.unit()
  }

  traceNote(note: string, data: unknown): void {
    if (!this.replaying) this.onTrace?.(note, data)
  }

  /** What the handler returned, as an answer to whoever asked: encoded at return. */
  answer(result: unknown): Uint8Array | undefined {
    let value = result
    if (result instanceof Several) for (value of result.values) break
    return value === undefined || value === null ? undefined : this.#encode(value, 'the answer').slice()
  }

  #name(): MessageId {
    if (!this.#named) this.#messages.setId(this.#message, this.#id)
    this.#named = true
    return this.#id
  }

  #send(route: number, key: string, value: unknown): void {
    const row = this.#cache.find(this.#plan.routes[route]!.entity, key)
    const content = this.#encode(value, 'the message')
    const timeMs = this.currentTimeMs
    const id = this.#child
    id.derive(this.#name(), this.#effectIndex++)
    const { payload } = this.effects
    payload.u8(EffectKind.message)
    const begin = payload.length
    writeMessageHead(payload, this.#routeIds[route]!, timeMs, id.high, id.low, key)
    const start = payload.length
    payload.raw(content)
    if (this.replaying) return
    const shard = row === undefined ? this.#cache.shardOf(key) : row.shard
    if (
      row !== undefined &&
      !this.mustWait &&
      this.#hops < this.#options.maxHops &&
      this.#batch.count < maxLocalMessages
    ) {
      this.#batch.addEnvelope(row, {
        route,
        key,
        shard,
        bytes: payload.bytes,
        start,
        end: payload.length,
        timeMs,
        idHigh: id.high,
        idLow: id.low,
        from: { kind: 'local', shard: this.#shard, hops: this.#hops + 1 },
      })
      return
    }
    if (row !== undefined) this.mustWait = true
    this.effects.addMessage(this.#shard, shard, begin, payload.length)
  }

  #encode(value: unknown, what: string): Uint8Array {
    let bytes: Uint8Array
    try {
      bytes = this.#codec.encode(value)
    } catch (cause) {
      if (!(cause instanceof UnencodableError)) throw cause
      throw new MillraceError('MR_ENCODE_FAILED', `${what}: ${cause.message}`, {
        next: 'Send and return plain data',
        cause,
      })
    }
    checkSize(bytes.length, what)
    return bytes
  }

  #routeTo(to: unknown): number {
    const route = this.#plan.routeOf.get(to)
    if (route === undefined) throw unknownHandler(typeof to === 'function' ? to.name : String(to))
    return route
  }

  #ownRoute(to: unknown): number {
    const route = this.#routeTo(to)
    const { entity, name } = this.#plan.routes[route]!
    if (entity === this.#row!.table.index) return route
    throw new TypeError(
      `a timer is a message to myself: ${name} belongs to another entity; send it a message with ctx.send`,
    )
  }
}

/** Thrown through a handler whose activity must first be read. Never leaves the executor. */
export class RowMissing extends Error {}

function timerName(handler: string, id: string | undefined): string {
  return id === undefined ? handler : `${handler}/${id}`
}

function addressName(entity: string, handler: string): string {
  return `${entity}.${handler}`
}

function unknownHandler(name: string): MillraceError {
  return new MillraceError('MR_UNKNOWN_HANDLER', `there is no handler "${name}" in this pipeline`, {
    next: 'List its entity in the pipeline: use(TheEntity)',
  })
}

function checkSize(sizeBytes: number, what: string): void {
  if (sizeBytes <= maxMessageBytes) return
  throw new MillraceError('MR_MESSAGE_TOO_LARGE', `${what} is ${sizeBytes} bytes, more than ${maxMessageBytes}`, {
    next: 'Split it, or keep the bulk elsewhere and send its name',
  })
}
