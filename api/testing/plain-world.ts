import { MillraceError } from '../../runtime/base/errors.ts'
import type { Prng } from '../../runtime/base/prng.ts'
import { partitionSeed, MessageId } from '../../runtime/shard/message-id.ts'
import { describeFailure } from '../../runtime/shard/dead-letter.ts'
import { asBytes, checkKey, idOf, PlainCall } from '../../runtime/sim/plain-call.ts'
import { type Live, PlainEntity, upToDate } from '../../runtime/sim/plain-entity.ts'
import { sameEffects } from '../../runtime/sim/plain-run.ts'
import { stream } from '../../runtime/sim/streams.ts'
import { canonical } from './canonical.ts'
import { shown } from './describe.ts'
import { type Outcome, letterText } from './outcome.ts'
import { type PlainMessage, PlainLanes } from './plain-lanes.ts'
import type { TestProgram } from './test-program.ts'

export interface PlainOptions {
  /** Which legal order messages are handled in. 0: as they came. */
  readonly seed: number
  /** Whether timers may fire while messages still wait, and whether time goes on between two messages. */
  readonly restless: boolean
  /** How long time goes on for timers when nothing else is left. */
  readonly settleMs: number
}

/** Something that a program does which it may not do anywhere. */
export interface PlainFinding {
  readonly property: 'deterministicHandlers' | 'pureSteps' | 'stateSurvivesCodec' | 'eventuallyQuiet'
  readonly what: string
}

export interface PlainOutcome extends Outcome {
  /** What each entity handled, in order, by its name such as `account "alice"`. */
  readonly orders: ReadonlyMap<string, readonly string[]>
  readonly findings: readonly PlainFinding[]
}

const startMs = 1_000_000_000_000

/**
 * The plain handlers, run one message after the other in a legal order: each lane in its own order, and between lanes as the
 * seed will. No runtime, no batches, no faults: what comes out is what the program itself does with that order. Every handler
 * and every pure step is run twice and compared, so that a program that is not deterministic is not taken for one that depends
 * on the order.
 */
export function runPlain(program: TestProgram, options: PlainOptions): PlainOutcome {
  return program.guard.run(() => new PlainWorld(program, options).run())
}

class PlainWorld {
  readonly #program: TestProgram
  readonly #options: PlainOptions
  readonly #prng: Prng
  readonly #lanes: PlainLanes
  readonly #entities = new Map<string, { readonly entity: number; readonly plain: PlainEntity }>()
  readonly #outputs = new Map<string, string[]>()
  readonly #letters: string[] = []
  readonly #orders = new Map<string, string[]>()
  readonly #findings = new Map<string, PlainFinding>()
  #nowMs = startMs
  #sent = 0

  constructor(program: TestProgram, options: PlainOptions) {
    this.#program = program
    this.#options = options
    this.#prng = stream(options.seed, 'order')
    this.#lanes = new PlainLanes(this.#prng, options.seed === 0)
  }

  run(): PlainOutcome {
    this.#program.records.forEach((records, source) =>
      records.forEach((record, offset) => this.#expand(source, record, offset)),
    )
    const records = this.#program.records.flat().length
    const endurance = 2_000 + 200 * records
    const endMs = startMs + this.#options.settleMs
    for (;;) {
      if (this.#sent > endurance) {
        this.#find(
          'eventuallyQuiet',
          `it does not come to rest: ${records} records have caused ${this.#sent} messages, and more`,
        )
        break
      }
      const restless = this.#options.restless && this.#prng.chance(0.15)
      const message = restless ? undefined : this.#lanes.take()
      if (message !== undefined) this.#handle(message)
      else if (!this.#fire(endMs) && this.#lanes.isEmpty) break
    }
    return this.#outcome()
  }

  /** Runs the pure steps on a record, twice. */
  #expand(source: number, record: Uint8Array, offset: number): void {
    const { plan } = this.#program
    const { name } = plan.sources[source]!
    const first = this.#steps(source, record)
    const again = this.#steps(source, record)
    if (first.text.join('\n') !== again.text.join('\n'))
      this.#find(
        'pureSteps',
        `the steps behind source ${name} make ${differently(first, again)} of ${this.#shown(record)} when they are run again: a step may depend on nothing but its value, because it is run again after a crash. What must be remembered is the state of an entity`,
      )
    const id = new MessageId()
    const seed = partitionSeed(name, '0')
    if (first.error !== undefined) {
      this.#letters.push(letterText({ code: first.error, message: record }))
      return
    }
    first.emissions.forEach(({ route, key, sink, bytes }, index) => {
      if (sink !== undefined) this.#output(sink, bytes)
      else {
        id.ofRecord(seed, offset, index)
        const from = `${name}[${offset}]`
        this.#lanes.put(name, { route, key, bytes, timeMs: first.timeMs ?? startMs, id: idOf(id), from, attempts: 0 })
      }
    })
  }

  #steps(source: number, record: Uint8Array): Expansion {
    const { plan, codec } = this.#program
    const { decode, time, flow } = plan.sources[source]!
    const emissions: Emission[] = []
    try {
      const value = decode(record.slice())
      const timeMs = time?.(value)
      flow(value, {
        toEntity: (route, key, message) => {
          checkKey(key)
          emissions.push({ route, key, sink: undefined, bytes: codec.encode(message).slice() })
        },
        toSink: (sink, output) =>
          emissions.push({ route: -1, key: '', sink, bytes: asBytes(plan.sinks[sink]!.encode(output)) }),
      })
      const text = emissions.map(({ route, key, bytes }) => `${route}/${key}/${Buffer.from(bytes).toString('latin1')}`)
      return { emissions, timeMs, error: undefined, text }
    } catch (error) {
      const { code } = describeFailure(error)
      return {
        emissions: [],
        timeMs: undefined,
        error: code === 'MR_HANDLER_FAILED' ? 'MR_STEP_FAILED' : code,
        text: [code],
      }
    }
  }

  #handle(message: PlainMessage): void {
    const { plan, codec } = this.#program
    const route = plan.routes[message.route]!
    const entityPlan = plan.entities[route.entity]!
    const { name, plain } = this.#entity(route.entity, message.key)
    const value = shown(codec.decode(message.bytes, 0, message.bytes.length))
    this.#order(name, `${message.from} -> ${route.handler} ${value}`)
    const live = plain.open(entityPlan, codec)
    const called = this.#call(message, live)
    const other = plain.open(entityPlan, codec)
    const again = this.#call(message, other)
    const same =
      called.error === again.error && sameEffects(called.call.effects, again.call.effects) && live.isSame(other, codec)
    if (!same)
      this.#find(
        'deterministicHandlers',
        `${entityPlan.name}.${route.handler} does something else when it handles the same message again (${value}): a handler may depend on nothing but its state, its message and ctx; what it keeps outside of its state is lost in a crash`,
      )
    const failed = called.error ?? this.#unkept(entityPlan.name, route.handler, live)
    if (failed !== undefined) return this.#fail(message, plain, failed)
    if (called.call.forgot) plain.forget()
    else plain.keep(live, entityPlan, codec)
    plain.seenMs = this.#nowMs
    this.#spread(message, name, plain, called.call)
  }

  #call(message: PlainMessage, live: Live): { readonly call: PlainCall; readonly error: string | undefined } {
    const { plan, codec } = this.#program
    const { key, timeMs, id, route } = message
    const call = new PlainCall(plan, codec, {
      entity: plan.routes[route]!.entity,
      key,
      nowMs: this.#nowMs,
      timeMs,
      id,
      activity: (partner) => live.activity(partner),
    })
    try {
      call.run(route, live.state, codec.decode(message.bytes, 0, message.bytes.length))
      return { call, error: undefined }
    } catch (error) {
      return { call, error: error instanceof MillraceError ? error.code : 'MR_HANDLER_FAILED' }
    }
  }

  /** Why a state cannot be kept. */
  #unkept(entity: string, handler: string, live: Live): string | undefined {
    const { codec } = this.#program
    try {
      for (const object of [live.state, ...live.activities.values()]) {
        const before = canonical(object)
        const bytes = codec.encode(object).slice()
        const after = canonical(codec.decode(bytes, 0, bytes.length))
        if (before !== after)
          this.#find(
            'stateSurvivesCodec',
            `${entity}.${handler} leaves ${before}, which is ${after} when it is read again`,
          )
      }
      return undefined
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#find('stateSurvivesCodec', `${entity}.${handler} leaves a state that cannot be kept: ${why}`)
      return 'MR_STATE_INVALID'
    }
  }

  #fail(message: PlainMessage, plain: PlainEntity, code: string): void {
    const { plan } = this.#program
    const { route, key, bytes, id, timeMs, attempts } = message
    const { entity } = plan.routes[route]!
    const { name, onError } = plan.entities[entity]!
    if (attempts >= onError.retries) {
      this.#letters.push(letterText({ code, entity: name, key, message: bytes }))
      return
    }
    const timer = { name: `~retry/${id}`, atMs: this.#nowMs + onError.delayMs, route: plan.routes[route]!.name }
    plain.timers.set(timer.name, { ...timer, bytes, timeMs, id, attempts: attempts + 1, setBy: 0 })
  }

  #spread(message: PlainMessage, name: string, plain: PlainEntity, call: PlainCall): void {
    const { plan } = this.#program
    for (const effect of call.effects) {
      if (effect.kind === 'cancel') plain.timers.delete(effect.name)
      else if (effect.kind === 'output') this.#output(effect.sink, effect.bytes)
      else if (effect.kind === 'message') {
        this.#sent += 1
        const { route, key, bytes, id } = effect
        this.#lanes.put(`"${message.key}"`, { route, key, bytes, id, timeMs: message.timeMs, from: name, attempts: 0 })
      } else {
        const { name, atMs, bytes, id, route } = effect
        const timer = { name, atMs, route: plan.routes[route]!.name, bytes, timeMs: message.timeMs, id }
        plain.timers.set(name, { ...timer, attempts: 0, setBy: 0 })
      }
    }
  }

  /** Moves time to the next timer that is due before `endMs`. False: there is none. */
  #fire(endMs: number): boolean {
    const { plan } = this.#program
    let next:
      | { readonly entity: number; readonly plain: PlainEntity; readonly timer: string; readonly atMs: number }
      | undefined
    for (const { entity, plain } of this.#entities.values()) {
      const { ttlMs } = plan.entities[entity]!
      const idle = ttlMs === undefined || plain.state === undefined ? undefined : plain.seenMs + ttlMs
      if (idle !== undefined && idle <= endMs && (next === undefined || idle < next.atMs))
        next = { entity, plain, timer: '', atMs: idle }
      for (const { name, atMs } of plain.timers.values())
        if (atMs <= endMs && (next === undefined || atMs < next.atMs)) next = { entity, plain, timer: name, atMs }
    }
    if (next === undefined) return false
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    const timer = next.plain.timers.get(next.timer)
    if (timer === undefined) next.plain.forget()
    else {
      next.plain.timers.delete(timer.name)
      const route = plan.routes.findIndex(({ name }) => name === timer.route)
      const { bytes, timeMs, id, attempts } = timer
      this.#sent += 1
      this.#handle({ route, key: next.plain.key, bytes, timeMs, id, attempts, from: 'timer' })
    }
    return true
  }

  #entity(entity: number, key: string): { readonly name: string; readonly plain: PlainEntity } {
    const { name } = this.#program.plan.entities[entity]!
    const shownName = `${name} ${JSON.stringify(key)}`
    let found = this.#entities.get(shownName)
    if (found === undefined) this.#entities.set(shownName, (found = { entity, plain: new PlainEntity(name, key, 0) }))
    return { name: shownName, plain: found.plain }
  }

  #output(sink: number, bytes: Uint8Array): void {
    const { name } = this.#program.plan.sinks[sink]!
    const text = canonical(this.#program.output(bytes))
    const texts = this.#outputs.get(name)
    if (texts === undefined) this.#outputs.set(name, [text])
    else texts.push(text)
  }

  #order(entity: string, line: string): void {
    const lines = this.#orders.get(entity)
    if (lines === undefined) this.#orders.set(entity, [line])
    else lines.push(line)
    if (this.#options.restless) this.#nowMs += this.#prng.below(1_000)
  }

  #find(property: PlainFinding['property'], what: string): void {
    if (!this.#findings.has(property)) this.#findings.set(property, { property, what })
  }

  #shown(record: Uint8Array): string {
    try {
      return shown(this.#program.codec.decode(record, 0, record.length))
    } catch {
      return `${record.length} bytes`
    }
  }

  #outcome(): PlainOutcome {
    const { plan, codec } = this.#program
    const states = new Map<string, string>()
    for (const [name, { entity, plain }] of this.#entities)
      if (plain.state !== undefined)
        states.set(name, canonical(upToDate(plan.entities[entity]!, plain.state, plain.version, codec)))
    return {
      states,
      outputs: new Map([...this.#outputs].map(([sink, texts]) => [sink, texts.sort()])),
      letters: this.#letters.sort(),
      orders: this.#orders,
      findings: [...this.#findings.values()],
    }
  }
}

interface Emission {
  readonly route: number
  readonly key: string
  /** Undefined: it is for an entity. */
  readonly sink: number | undefined
  readonly bytes: Uint8Array
}

interface Expansion {
  readonly emissions: readonly Emission[]
  readonly timeMs: number | undefined
  readonly error: string | undefined
  readonly text: readonly string[]
}

function differently(first: Expansion, again: Expansion): string {
  const [one, other] = [first.text.length, again.text.length]
  return one === other ? 'other messages' : `${other} instead of ${one} messages`
}
