import { requestRetentionMs } from '../base/limits.ts'
import type { Codec } from '../shard/codec.ts'
import type { Handled } from '../shard/handled.ts'
import type { Plan } from '../shard/plan.ts'
import { shown } from './check-outputs.ts'
import type { Commit } from './history.ts'
import type { JournalEvent, SimRequest } from './journal.ts'
import { nameOf } from './plain-run.ts'
import { type Problems, sameBytes } from './problems.ts'

interface Took {
  readonly commit: Commit
  readonly answer: Uint8Array | undefined
  used: boolean
}

/** Messages from outside: handled because somebody asked; once where they have an id; and answered from durable commits. */
export class RequestCheck {
  readonly #requests: readonly SimRequest[]
  readonly #journal: readonly JournalEvent[]
  readonly #problems: Problems
  readonly #codec: Codec
  /** How often each request was asked, up to a moment. */
  readonly #askedAt = new Map<number, number[]>()
  /** Handled with success, by position in the program's requests. */
  readonly #took = new Map<number, Took[]>()
  readonly #refused = new Map<number, Commit[]>()
  readonly #handledCounts = new Map<number, number>()

  constructor(options: {
    requests: readonly SimRequest[]
    journal: readonly JournalEvent[]
    codec: Codec
    problems: Problems
  }) {
    this.#requests = options.requests
    this.#journal = options.journal
    this.#problems = options.problems
    this.#codec = options.codec
    options.journal.forEach((event, at) => {
      if (event.kind === 'asked') listOf(this.#askedAt, event.request).push(at)
    })
  }

  take(plan: Plan, handled: Handled, answer: Uint8Array | undefined, commit: Commit): void {
    const candidates = this.#candidates(plan, handled)
    const id = handled.origin.kind === 'request' ? handled.origin.request : ''
    // Equal requests without an id are the same to everybody: take one that was asked more often than handled.
    const request = candidates.find(
      (candidate) => id !== '' || this.#asksBefore(candidate, commit) > (this.#handledCounts.get(candidate) ?? 0),
    )
    if (request === undefined || this.#asksBefore(request, commit) === 0) {
      this.#problems.add('invented', `${nameOf(plan, handled)}: nobody has asked`)
      return
    }
    this.#handledCounts.set(request, (this.#handledCounts.get(request) ?? 0) + 1)
    if (handled.outcome !== 'ok') {
      listOf(this.#refused, request).push(commit)
      return
    }
    const took = listOf(this.#took, request)
    const forgetsAtMs = (took.at(-1)?.commit.nowMs ?? Number.POSITIVE_INFINITY) + requestRetentionMs
    if (id !== '' && took.length > 0 && commit.nowMs < forgetsAtMs)
      this.#problems.add('doubled', `${nameOf(plan, handled)} was handled in commit ${took[0]!.commit.number} already`)
    took.push({ commit, answer: this.#requests[request]!.wantsAnswer ? answer : undefined, used: false })
  }

  /** Every answer must come from a handling that was durable. */
  finish(): void {
    const requestOf = new Map<number, number>()
    const forgotAt = this.#journal.findLastIndex(({ kind }) => kind === 'forgot')
    this.#journal.forEach((event, at) => {
      if (event.kind === 'asked') requestOf.set(event.attempt, event.request)
      else if (at < forgotAt) return
      else if (event.kind === 'answered') this.#checkAnswer(requestOf.get(event.attempt)!, event.answer, at)
      else if (event.kind === 'refused' && event.code === '')
        this.#checkRefusal(requestOf.get(event.attempt)!, event.error, at)
    })
  }

  #checkAnswer(index: number, answer: Uint8Array | undefined, at: number): void {
    const request = this.#requests[index]!
    const took = this.#took.get(index) ?? []
    const source = took.find(
      (one) => (request.id !== undefined || !one.used) && sameBytes(one.answer, answer) && one.commit.durableAt < at,
    )
    if (source !== undefined) {
      source.used = true
      return
    }
    const name = `request ${request.id ?? '(no id)'} for ${request.route} "${request.key}"`
    const early = took.find((one) => sameBytes(one.answer, answer) && !one.used)
    if (early !== undefined)
      this.#problems.add('early', `${name} was answered before commit ${early.commit.number} was durable`)
    else
      this.#problems.add(
        'answer',
        `${name} was answered with ${shown(answer)}, expected ${took.length === 0 ? 'none: it was never handled' : took.map((one) => shown(one.answer)).join(' or ')}`,
      )
  }

  #checkRefusal(index: number, error: string, at: number): void {
    const { id, route, key } = this.#requests[index]!
    if ((this.#refused.get(index) ?? []).some((commit) => commit.durableAt < at)) return
    this.#problems.add(
      'early',
      `request ${id ?? '(no id)'} for ${route} "${key}" was refused with "${error}", but no durable commit says so`,
    )
  }

  #candidates(plan: Plan, handled: Handled): number[] {
    const id = handled.origin.kind === 'request' ? handled.origin.request : ''
    return [...this.#requests.keys()].filter((i) => {
      const request = this.#requests[i]!
      return (
        (request.id ?? '') === id &&
        request.key === handled.key &&
        plan.routes[handled.route]?.name === request.route &&
        sameBytes(this.#codec.encode(request.message).slice(), handled.message)
      )
    })
  }

  #asksBefore(request: number, commit: Commit): number {
    return (this.#askedAt.get(request) ?? []).filter((at) => at < commit.sealedAt).length
  }
}

function listOf<T>(map: Map<number, T[]>, key: number): T[] {
  let list = map.get(key)
  if (list === undefined) map.set(key, (list = []))
  return list
}
