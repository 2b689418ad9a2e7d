import { shardOf } from '../base/hash.ts'
import type { Codec } from '../shard/codec.ts'
import type { Handled } from '../shard/handled.ts'
import type { EntityPlan, Plan } from '../shard/plan.ts'
import type { Commit } from './history.ts'
import { PlainCall, type PlainEffect } from './plain-call.ts'
import { type Live, PlainEntity, type PlainTimer } from './plain-entity.ts'
import type { Problems } from './problems.ts'
import { sameBytes } from './problems.ts'

/** What the plain handler did with one message. */
export interface PlainResult {
  readonly effects: readonly PlainEffect[]
  /** What it failed of. Effects are empty then. */
  readonly failure: { readonly error: unknown } | undefined
  readonly answer: Uint8Array | undefined
}

/**
 * Runs the plain handlers, one message after the other, in the order that the runtime committed. It knows no batch, cache, row
 * or lane: an entity is its bytes, and every message finds them decoded anew.
 *
 * Z1 What a handler that fails did leaves no trace.
 * Z2 A state that cannot be encoded is a failure of the message that made it so; unless another message of the same commit
 *    puts it right, which the runtime need not notice.
 */
export class PlainRun {
  readonly #codec: Codec
  readonly #shardCount: number
  readonly #problems: Problems
  readonly #entities = new Map<string, Map<string, PlainEntity>>()
  #unkept: { readonly entity: PlainEntity; readonly by: string }[] = []
  /** Runs every handler twice, to find out whether it does the same. */
  readonly #twice: boolean

  constructor(options: { codec: Codec; shardCount: number; problems: Problems; twice: boolean }) {
    this.#codec = options.codec
    this.#shardCount = options.shardCount
    this.#problems = options.problems
    this.#twice = options.twice
  }

  *all(): Iterable<PlainEntity> {
    for (const entities of this.#entities.values()) yield* entities.values()
  }

  entitiesOf(name: string): Iterable<PlainEntity> {
    return this.#entities.get(name)?.values() ?? []
  }

  find(name: string, key: string): PlainEntity | undefined {
    return this.#entities.get(name)?.get(key)
  }

  /** `timer`: the message is this timer of the entity. */
  handle(plan: Plan, handled: Handled, commit: Commit, timer: PlainTimer | undefined): PlainResult {
    const entityPlan = plan.entities[plan.routes[handled.route]!.entity]!
    const entity = this.#entity(entityPlan.name, handled.key)
    if (timer !== undefined) entity.timers.delete(timer.name)
    if (timer?.name === ttlTimer) return this.#expire(entity, entityPlan, commit)
    const live = entity.open(entityPlan, this.#codec)
    const { call, failure, answer } = this.#call(plan, handled, commit, live)
    if (this.#twice && !entity.isUnkept)
      this.#compare(plan, handled, commit, { live: entity.open(entityPlan, this.#codec), first: live, call, failure })
    if (handled.outcome !== 'ok')
      return this.#failed(plan, handled, commit, entity, { live, failure, attempts: timer?.attempts ?? 0 })
    if (failure !== undefined) {
      this.#problems.add(
        'outcome',
        `${nameOf(plan, handled)} was handled, but the plain handler fails: ${textOf(failure.error)}`,
      )
      return { effects: [], failure, answer: undefined }
    }
    if (call.forgot) entity.forget()
    else if (!entity.keep(live, entityPlan, this.#codec)) this.#unkept.push({ entity, by: nameOf(plan, handled) })
    this.#applyTimers(plan, entity, call.effects, handled.timeMs, commit)
    if (entityPlan.ttlMs !== undefined && !call.forgot) {
      entity.seenMs = commit.nowMs
      this.#watchIdle(entity, entityPlan.ttlMs, commit)
    }
    return { effects: call.effects, failure: undefined, answer }
  }

  /** A commit is over: what it leaves must be data. */
  endCommit(commit: Commit): void {
    for (const { entity, by } of this.#unkept) {
      if (entity.isUnkept)
        this.#problems.add(
          'state',
          `commit ${commit.number} of group ${commit.group} holds ${by}, which leaves a state that cannot be kept`,
        )
    }
    this.#unkept = []
  }

  #entity(name: string, key: string): PlainEntity {
    let entities = this.#entities.get(name)
    if (entities === undefined) this.#entities.set(name, (entities = new Map()))
    let entity = entities.get(key)
    if (entity === undefined) entities.set(key, (entity = new PlainEntity(name, key, shardOf(key, this.#shardCount))))
    return entity
  }

  #call(plan: Plan, handled: Handled, commit: Commit, live: Live): Called {
    const { route, key, message, timeMs, id, origin } = handled
    const { entity } = plan.routes[route]!
    const call = new PlainCall(plan, this.#codec, {
      entity,
      key,
      nowMs: commit.nowMs,
      timeMs,
      id,
      activity: (partner) => live.activity(partner),
    })
    try {
      const result = call.run(route, live.state, this.#codec.decode(message, 0, message.length))
      return { call, failure: undefined, answer: origin.kind === 'request' ? call.answer(result) : undefined }
    } catch (error) {
      return { call, failure: { error }, answer: undefined }
    }
  }

  #failed(
    plan: Plan,
    handled: Handled,
    commit: Commit,
    entity: PlainEntity,
    { live, failure, attempts }: { live: Live; failure: Called['failure']; attempts: number },
  ): PlainResult {
    if (failure === undefined && PlainEntity.canKeep(live, this.#codec)) {
      this.#problems.add(
        'outcome',
        `${nameOf(plan, handled)} ended as ${handled.outcome}, but the plain handler does not fail`,
      )
    }
    const { retries, delayMs } = plan.entities[plan.routes[handled.route]!.entity]!.onError
    const isRequest = handled.origin.kind === 'request'
    const expected = isRequest ? 'refused' : attempts < retries ? 'retry' : 'dead-letter'
    if (handled.outcome !== expected)
      this.#problems.add('outcome', `${nameOf(plan, handled)} ended as ${handled.outcome} instead of ${expected}`)
    if (handled.outcome === 'retry') {
      const { id, timeMs, message } = handled
      const name = retryTimer + id
      const route = plan.routes[handled.route]!.name
      entity.timers.set(name, {
        name,
        atMs: commit.nowMs + delayMs,
        route,
        bytes: message,
        timeMs,
        id,
        attempts: attempts + 1,
        setBy: commit.sealedAt,
      })
    }
    return { effects: [], failure: failure ?? { error: undefined }, answer: undefined }
  }

  #applyTimers(plan: Plan, entity: PlainEntity, effects: readonly PlainEffect[], timeMs: number, commit: Commit): void {
    for (const effect of effects) {
      if (effect.kind === 'cancel') entity.timers.delete(effect.name)
      if (effect.kind !== 'timer') continue
      const { name, atMs, bytes, id } = effect
      entity.timers.set(name, {
        name,
        atMs,
        route: plan.routes[effect.route]!.name,
        bytes,
        timeMs,
        id,
        attempts: 0,
        setBy: commit.sealedAt,
      })
    }
  }

  /** An idle entity is forgotten, and one that was not idle is looked at again later. */
  #expire(entity: PlainEntity, { ttlMs }: EntityPlan, commit: Commit): PlainResult {
    if (entity.seenMs + ttlMs! <= commit.nowMs) entity.forget()
    else this.#watchIdle(entity, ttlMs!, commit)
    return { effects: [], failure: undefined, answer: undefined }
  }

  #watchIdle(entity: PlainEntity, ttlMs: number, commit: Commit): void {
    if (entity.timers.has(ttlTimer)) return
    const atMs = entity.seenMs + ttlMs
    entity.timers.set(ttlTimer, {
      name: ttlTimer,
      atMs,
      route: '',
      bytes: new Uint8Array(0),
      timeMs: commit.nowMs,
      id: '0'.repeat(16),
      attempts: 0,
      setBy: commit.sealedAt,
    })
  }

  #compare(
    plan: Plan,
    handled: Handled,
    commit: Commit,
    { live, first, call, failure }: { live: Live; first: Live; call: PlainCall; failure: Called['failure'] },
  ): void {
    const again = this.#call(plan, handled, commit, live)
    const same =
      (failure === undefined) === (again.failure === undefined) &&
      sameEffects(call.effects, again.call.effects) &&
      first.isSame(live, this.#codec)
    if (!same)
      this.#problems.add(
        'nondeterministic',
        `${nameOf(plan, handled)} does something else when it is run again: a handler may depend on nothing but its state, message and ctx`,
      )
  }
}

interface Called {
  readonly call: PlainCall
  readonly failure: { readonly error: unknown } | undefined
  readonly answer: Uint8Array | undefined
}

/** Whether two calls want the same, in the same order. */
export function sameEffects(a: readonly PlainEffect[], b: readonly PlainEffect[]): boolean {
  return a.length === b.length && a.every((effect, i) => sameEffect(effect, b[i]!))
}

function sameEffect(a: PlainEffect, b: PlainEffect): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === 'cancel' || b.kind === 'cancel') return 'name' in b && 'name' in a && a.name === b.name
  if (!sameBytes(a.bytes, b.bytes)) return false
  if (a.kind === 'timer') return b.kind === 'timer' && a.name === b.name && a.atMs === b.atMs
  return b.kind !== 'timer' && a.key === b.key
}

/** Names of the runtime's own timers; users' names begin with a handler's. */
const ttlTimer = '~ttl'
export const answerTimer = '~answer/'
export const retryTimer = '~retry/'

export function nameOf(plan: Plan, { route, key, id, origin }: Handled): string {
  const name =
    plan.routes[route]?.name ??
    (route === -1 ? 'a record that failed' : `an output of a record for ${plan.sinks[-2 - route]?.name}`)
  const from =
    origin.kind === 'record'
      ? `record ${origin.offset}.${origin.index} of ${plan.sources[origin.source]?.name}/${origin.partition}`
      : origin.kind === 'message'
        ? `message from shard ${origin.fromShard}`
        : origin.kind === 'timer'
          ? `timer ${origin.timer}`
          : `request ${origin.request}`
  return `${name} "${key}" (${from}, ${id})`
}

export function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
