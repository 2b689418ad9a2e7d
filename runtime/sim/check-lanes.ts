import { shardOf } from '../base/hash.ts'
import type { Handled } from '../shard/handled.ts'
import type { Plan } from '../shard/plan.ts'
import type { Commit } from './history.ts'
import type { PlainEffect } from './plain-call.ts'
import { nameOf } from './plain-run.ts'
import { type Problems, sameBytes } from './problems.ts'

/** A message from entity to entity that a committed handling has sent. */
export interface Sent {
  readonly id: string
  /** Stable name of the route. */
  readonly route: string
  readonly key: string
  readonly bytes: Uint8Array
  readonly timeMs: number
  readonly commit: Commit
}

/** Every lane from shard to shard: what was sent must be handled, once, in this order, and not before it was durable. */
export class LaneCheck {
  readonly #shardCount: number
  readonly #problems: Problems
  readonly #lanes = new Map<string, { readonly sent: Sent[]; taken: number }>()

  constructor(options: { shardCount: number; problems: Problems }) {
    this.#shardCount = options.shardCount
    this.#problems = options.problems
  }

  send(plan: Plan, by: Handled, { route, key, bytes, id }: PlainEffect & { kind: 'message' }, commit: Commit): void {
    const to = shardOf(key, this.#shardCount)
    this.#lane(by.shard, to).sent.push({ id, route: plan.routes[route]!.name, key, bytes, timeMs: by.timeMs, commit })
  }

  take(plan: Plan, handled: Handled, from: number, commit: Commit): void {
    const lane = this.#lane(from, handled.shard)
    const sent = lane.sent[lane.taken]
    if (sent !== undefined && isSame(plan, sent, handled)) {
      lane.taken += 1
      this.#checkReleased(plan, sent, handled, commit)
      return
    }
    const name = `${nameOf(plan, handled)} on the lane from shard ${from} to shard ${handled.shard}`
    const place = lane.sent.findIndex((other) => isSame(plan, other, handled))
    const next = sent === undefined ? 'nothing more was sent' : `${sent.route} "${sent.key}" (${sent.id}) was to come`
    if (place < 0) this.#problems.add('invented', `${name} was never sent; ${next}`)
    else if (place < lane.taken)
      this.#problems.add(
        'doubled',
        `${name} is message ${place + 1} of its lane, and ${lane.taken} were handled before`,
      )
    else {
      this.#problems.add('reordered', `${name} is message ${place + 1} of its lane, and ${next}`)
      lane.taken = place + 1
    }
  }

  /** Whether everything that other groups must have sent before this commit was sent. */
  isReady(commit: Commit, groupOf: (shard: number) => number | undefined): boolean {
    const wanted = new Map<string, number>()
    for (const { origin, shard } of commit.handled) {
      if (origin.kind !== 'message' || groupOf(origin.fromShard) === commit.group) continue
      const name = wayOf(origin.fromShard, shard)
      wanted.set(name, (wanted.get(name) ?? 0) + 1)
    }
    return [...wanted].every(([name, count]) => {
      const lane = this.#lanes.get(name)
      return lane !== undefined && lane.taken + count <= lane.sent.length
    })
  }

  /** Messages that are under way. */
  *underWay(): Iterable<Sent> {
    for (const { sent, taken } of this.#lanes.values()) for (let i = taken; i < sent.length; i++) yield sent[i]!
  }

  /** Everything was to be handled by now. */
  finish(): void {
    for (const [lane, { sent, taken }] of this.#lanes) {
      if (taken === sent.length) continue
      const { route, key, id } = sent[taken]!
      this.#problems.add(
        'lost',
        `${route} "${key}" (${id}) on the lane ${lane} was sent and never handled; ${sent.length - taken - 1} more wait behind it`,
      )
    }
  }

  #checkReleased(plan: Plan, sent: Sent, handled: Handled, commit: Commit): void {
    if (sent.commit.group === commit.group || sent.commit.isAgain || sent.commit.durableAt < commit.sealedAt) return
    this.#problems.add(
      'early',
      `${nameOf(plan, handled)} was handled before commit ${sent.commit.number} of group ${sent.commit.group}, which sent it, was durable`,
    )
  }

  #lane(from: number, to: number): { readonly sent: Sent[]; taken: number } {
    const name = wayOf(from, to)
    let lane = this.#lanes.get(name)
    if (lane === undefined) this.#lanes.set(name, (lane = { sent: [], taken: 0 }))
    return lane
  }
}

function isSame(plan: Plan, sent: Sent, handled: Handled): boolean {
  const { id, route, key, bytes, timeMs } = sent
  return (
    id === handled.id &&
    key === handled.key &&
    timeMs === handled.timeMs &&
    plan.routes[handled.route]?.name === route &&
    sameBytes(bytes, handled.message)
  )
}

function wayOf(from: number, to: number): string {
  return `${from} -> ${to}`
}
