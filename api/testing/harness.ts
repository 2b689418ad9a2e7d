import { createCodec } from '../../runtime/codec/codec.ts'
import type { DeadLetter } from '../dead-letters.ts'
import { sourceOf } from '../end-definition.ts'
import { handlerOf } from '../entity-definition.ts'
import type { Source } from '../ends.ts'
import type { Handler, To } from '../handler.ts'
import type { Pipeline } from '../pipeline.ts'
import { handlerFailed, notEncodable, unknownHandler } from '../run/request-errors.ts'
import { type Results, WorldReader } from './results.ts'
import { SteppedWorld } from './stepped-world.ts'
import { nothingComesIn, testProgram, type TestProgram } from './test-program.ts'

export interface HarnessOptions {
  /** What the clock says at the start, in ms. Default: a day in 2001. */
  readonly now?: number
}

type Sent<M> = [M] extends [void] ? [] : [message: NoInfer<M>]

/** A pipeline that is stepped through by hand. Every call returns when all that it causes is done and committed. */
export interface Harness extends Results {
  /** What the clock says, in ms. */
  readonly now: number
  /** Records come in, one after the other. Offloaded steps run at once, so they must not be async. */
  push<T>(source: Source<T>, ...values: NoInfer<T>[]): void
  /** A message from outside. Throws MR_HANDLER_FAILED if its handler does, and then nothing has changed. */
  send<M>(to: To<M>, key: string, ...message: Sent<M>): void
  /** As `send`, and gives what the handler returned: the first of several. */
  ask<M, O>(to: Handler<M, O>, key: string, ...message: Sent<M>): O | undefined
  /** Time goes on: timers fire in their order, each at its time. */
  advance(ms: number): void
}

const startMs = 1_000_000_000_000

/**
 * Steps through a pipeline by hand: the worker of production, with store, clock and ends in memory, one group, no faults.
 * Sources need no binding. Throws a SimulationError when handlers read the clock, change their messages, or never come to rest;
 * and what stops the program, such as an entity with `onError: 'stop'`.
 */
export function harness(pipeline: Pipeline, options: HarnessOptions = {}): Harness {
  return new SteppedHarness(pipeline, options.now ?? startMs) as unknown as Harness
}

class SteppedHarness {
  readonly #program: TestProgram
  readonly #world: SteppedWorld
  readonly #codec = createCodec()
  #reader: WorldReader | undefined = undefined

  constructor(pipeline: Pipeline, nowMs: number) {
    this.#program = testProgram(pipeline, nothingComesIn(pipeline))
    this.#world = new SteppedWorld(this.#program, nowMs)
  }

  get now(): number {
    return this.#world.nowMs
  }

  push(source: unknown, ...values: unknown[]): void {
    const { plan } = this.#program
    const name = sourceOf(source)?.name
    if (name === undefined) throw new TypeError('push(...) was given something that is no source')
    const index = plan.sources.findIndex((known) => known.name === name)
    if (index < 0) throw new TypeError(`pipeline ${JSON.stringify(plan.name)} has no source ${JSON.stringify(name)}`)
    const records = values.map((value) => this.#encoded(`source ${name}`, value))
    this.#act(() => this.#world.push(index, records))
  }

  send(to: unknown, key: string, message?: unknown): void {
    this.#request(to, key, message, false)
  }

  ask(to: unknown, key: string, message?: unknown): unknown {
    return this.#request(to, key, message, true)
  }

  advance(ms: number): void {
    if (!(ms >= 0)) throw new TypeError(`advance(${String(ms)}): time goes forward, by a number of milliseconds`)
    this.#act(() => this.#world.advance(ms))
  }

  outputs(sink: unknown): unknown[] {
    return this.#look().outputs(sink)
  }

  state(entity: unknown, key: string): unknown {
    return this.#look().states(entity).get(key)
  }

  states(entity: unknown): ReadonlyMap<string, unknown> {
    return this.#look().states(entity)
  }

  sum(entity: unknown, of: (state: never, key: string) => number): number {
    return this.#look().sum(entity, of)
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.#look().deadLetters
  }

  trace(): string {
    return this.#world.trace()
  }

  #request(to: unknown, key: string, message: unknown, wantsAnswer: boolean): unknown {
    const { plan } = this.#program
    const handler = handlerOf(to)
    if (handler === undefined) throw new TypeError('this is no handler: name one, such as Account.deposit')
    const name = `${handler.entity.name}.${handler.name}`
    const route = plan.routeOf.get(to)
    if (route === undefined) throw unknownHandler(plan, name)
    const bytes = this.#encoded(name, message)
    const own = this.#codec.decode(bytes, 0, bytes.length)
    let outcome: { error: Error | undefined; answer?: unknown } | undefined
    const done = (error: Error | undefined, answer?: unknown): void => void (outcome = { error, answer })
    this.#act(() => this.#world.want({ kind: 'ask', route, key, message: own, id: undefined, wantsAnswer, done }))
    if (outcome?.error !== undefined) throw handlerFailed(name, key, outcome.error)
    return outcome?.answer
  }

  #act(act: () => void): void {
    this.#reader = undefined
    act()
    const [unsettled] = this.#program.unsettled
    if (unsettled !== undefined) throw unsettled
    this.#program.guard.check()
  }

  #look(): WorldReader {
    const world = this.#world
    this.#reader ??= new WorldReader(this.#program, { stores: world.stores(), held: (sink) => world.held(sink) })
    return this.#reader
  }

  #encoded(where: string, value: unknown): Uint8Array {
    try {
      return this.#codec.encode(value).slice()
    } catch (error) {
      throw notEncodable(where, error)
    }
  }
}
