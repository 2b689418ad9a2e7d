import type { Codec } from '../shard/codec.ts'
import type { Handled } from '../shard/handled.ts'
import type { Plan } from '../shard/plan.ts'
import { LaneCheck } from './check-lanes.ts'
import { LookCheck } from './check-looks.ts'
import { OutputCheck, type SinkContent } from './check-outputs.ts'
import { type LogContent, RecordCheck } from './check-records.ts'
import { RequestCheck } from './check-requests.ts'
import { StoreCheck } from './check-stores.ts'
import { committedView, type Invariant } from './committed-view.ts'
import { type ExpectedLetter, expectedLetter } from './expected-letter.ts'
import { type Commit, History } from './history.ts'
import type { JournalEvent, SimRequest } from './journal.ts'
import { asBytes, checkKey } from './plain-call.ts'
import type { PlainTimer } from './plain-entity.ts'
import { answerTimer, PlainRun, type PlainResult, nameOf, textOf } from './plain-run.ts'
import { type Problem, Problems, sameBytes } from './problems.ts'
import type { StoreContent } from './store-content.ts'

export interface CheckInput {
  /** The versions of the program, in order; a commit says by which it was made. */
  readonly plans: readonly Plan[]
  readonly codec: Codec
  readonly shardCount: number
  readonly logs: readonly LogContent[]
  readonly requests: readonly SimRequest[]
  readonly journal: readonly JournalEvent[]
  readonly stores: readonly StoreContent[]
  readonly sinks: readonly SinkContent[]
  readonly invariants?: readonly Invariant[]
  /** False: the handlers are known not to be deterministic. Only what leads to them is checked. */
  readonly isDeterministic?: boolean
  /** The world came to rest: nothing may be left undone. */
  readonly complete: boolean
}

/**
 * Says from outside whether a runtime kept its promise (docs/guarantees.md). It reads what was committed, and compares
 * it with what the plain handlers do in that order; of how the runtime works it knows nothing but its data format.
 *
 * V1 Every handled message was caused: by the plain steps at that place of a source, by a message handled before, by a timer
 *    that was set and is due, or by a request. Each once, each lane in order, and at rest none is missing.
 * V2 Running the plain handlers in the committed order gives the states, activities, timers and dead letters of the stores,
 *    and the outputs of the sinks, lane by lane.
 * V3 Nothing that the world heard, and nothing that another group handled, came from a commit that was not durable.
 * V4 The time of a group never goes back, and no timer is early.
 * V5 What the user says is always true is true at every commit.
 * V6 No false alarms: what this rejects is wrong, whatever faults there were; a handler that is not deterministic is named as such.
 */
export function check(input: CheckInput): readonly Problem[] {
  const found = new Checker(input, false).run()
  if (found.length === 0) return found
  const blamed = new Checker(input, true).run().filter(({ kind }) => kind === 'nondeterministic')
  return [...blamed, ...found]
}

class Checker {
  readonly #input: CheckInput
  readonly #problems = new Problems()
  readonly #run: PlainRun
  readonly #lanes: LaneCheck
  readonly #records: ReadonlyMap<string, RecordCheck>
  readonly #outputs: OutputCheck
  readonly #requests: RequestCheck
  readonly #looks: LookCheck
  /** By group. */
  readonly #letters = new Map<number, ExpectedLetter[]>()
  readonly #nowMs = new Map<number, number>()

  constructor(input: CheckInput, twice: boolean) {
    this.#input = input
    const shared = { ...input, problems: this.#problems }
    this.#run = new PlainRun({ ...shared, twice })
    this.#lanes = new LaneCheck(shared)
    this.#records = new Map(input.logs.map((log) => [`${log.source}/${log.partition}`, new RecordCheck(log, shared)]))
    this.#outputs = new OutputCheck(this.#problems)
    this.#requests = new RequestCheck(shared)
    this.#looks = new LookCheck(input.journal, shared)
  }

  run(): readonly Problem[] {
    const { journal, stores, sinks, plans, complete } = this.#input
    const history = History.read(journal, this.#problems)
    if (this.#input.isDeterministic === false) return this.#onlyRecords(history.commits())
    this.#replayAll(history.commits())
    const plan = plans.at(-1)!
    if (complete) {
      for (const records of this.#records.values()) records.finish()
      this.#lanes.finish()
      for (const { group, newest } of stores.flatMap(({ groups }) => groups)) {
        if (newest !== history.newest(group))
          this.#problems.add(
            'history',
            `the store of group ${group} is at commit ${newest}, the trace at ${history.newest(group)}`,
          )
      }
      new StoreCheck(plan, { ...this.#input, problems: this.#problems }).compare(stores, this.#run, this.#letters)
    }
    this.#outputs.finish(sinks, journal, complete)
    this.#requests.finish()
    this.#looks.finish((name) => plan.entities.find((entity) => entity.name === name))
    return this.#problems.list
  }

  /**
   * In the order in which they became durable. What a disk forgot and what was then done again may have become durable later
   * than what it has caused elsewhere: then a commit waits until all that it handles was sent.
   */
  #replayAll(commits: Commit[]): void {
    if (!this.#input.journal.some(({ kind }) => kind === 'forgot')) {
      for (const commit of commits) this.#replay(commit)
      return
    }
    const groups = new Map(commits.flatMap(({ group, handled }) => handled.map(({ shard }) => [shard, group] as const)))
    const waiting = [...commits]
    while (waiting.length > 0) {
      const isFirst = (commit: Commit): boolean => waiting.find(({ group }) => group === commit.group) === commit
      const ready = waiting.findIndex(
        (commit) => isFirst(commit) && this.#lanes.isReady(commit, (shard) => groups.get(shard)),
      )
      for (const commit of waiting.splice(Math.max(ready, 0), 1)) this.#replay(commit)
    }
  }

  #onlyRecords(commits: readonly Commit[]): readonly Problem[] {
    for (const commit of commits) {
      const plan = this.#input.plans[commit.version]!
      for (const handled of commit.handled) {
        const { origin } = handled
        if (origin.kind === 'record')
          this.#records.get(`${plan.sources[origin.source]?.name}/${origin.partition}`)?.take(handled, origin, commit)
      }
    }
    for (const records of this.#records.values()) records.finish()
    return this.#problems.list
  }

  #replay(commit: Commit): void {
    const plan = this.#input.plans[commit.version]!
    if (commit.nowMs < (this.#nowMs.get(commit.group) ?? 0))
      this.#problems.add(
        'time',
        `commit ${commit.number} of group ${commit.group} is at ${commit.nowMs}, after one at ${this.#nowMs.get(commit.group)}`,
      )
    this.#nowMs.set(commit.group, commit.nowMs)
    for (const handled of commit.handled) this.#replayOne(plan, handled, commit)
    this.#run.endCommit(commit)
    for (const { route, key } of commit.handled) {
      const entity = route < 0 ? undefined : this.#run.find(plan.entities[plan.routes[route]!.entity]!.name, key)
      if (entity !== undefined) this.#looks.committed(entity, commit)
    }
    for (const { name, check } of this.#input.invariants ?? []) {
      const wrong = check(committedView(plan, this.#input.codec, this.#run, this.#lanes))
      if (wrong !== undefined)
        this.#problems.add(
          'invariant',
          `after commit ${commit.number} of group ${commit.group}, "${name}" does not hold: ${wrong}`,
        )
    }
  }

  #replayOne(plan: Plan, handled: Handled, commit: Commit): void {
    const { origin } = handled
    if (origin.kind === 'record') {
      const records = this.#records.get(`${plan.sources[origin.source]?.name}/${origin.partition}`)
      const emission = records?.take(handled, origin, commit)
      if (handled.route < 0) {
        if (emission !== undefined)
          this.#withoutEntity(plan, handled, emission.value, records!.record(origin.offset), commit)
        return
      }
    } else if (origin.kind === 'message') this.#lanes.take(plan, handled, origin.fromShard, commit)
    if (origin.kind === 'timer' && origin.timer.startsWith(answerTimer)) return // an old answer is forgotten
    const timer = origin.kind === 'timer' ? this.#timer(plan, handled, origin.timer, commit) : undefined
    const result = this.#run.handle(plan, handled, commit, timer)
    if (origin.kind === 'request') this.#requests.take(plan, handled, result.answer, commit)
    this.#spread(plan, handled, result, commit)
    if (handled.outcome === 'dead-letter') this.#letter(plan, handled, result.failure?.error, undefined, commit)
  }

  /** What a handled message has caused. */
  #spread(plan: Plan, handled: Handled, { effects }: PlainResult, commit: Commit): void {
    for (const effect of effects) {
      if (effect.kind === 'message') this.#lanes.send(plan, handled, effect, commit)
      else if (effect.kind === 'output') {
        this.#outputs.expect(plan.sinks[effect.sink]!.name, handled.shard, { bytes: effect.bytes, commit })
      }
    }
  }

  /** An output of a record, or a record that failed. */
  #withoutEntity(plan: Plan, handled: Handled, value: unknown, record: Uint8Array, commit: Commit): void {
    let failure: unknown = value
    if (handled.route < -1) {
      const sink = plan.sinks[-2 - handled.route]!
      try {
        const output = { bytes: asBytes(sink.encode(value)), commit }
        checkKey(sink.key?.(value) ?? '')
        if (handled.outcome === 'ok') this.#outputs.expect(sink.name, handled.shard, output)
        else this.#problems.add('outcome', `${nameOf(plan, handled)} failed, but the sink takes it`)
        return
      } catch (error) {
        failure = error
      }
    }
    if (handled.outcome === 'dead-letter') this.#letter(plan, handled, failure, record, commit)
    else
      this.#problems.add(
        'outcome',
        `${nameOf(plan, handled)} was handled, but the plain steps fail: ${textOf(failure)}`,
      )
  }

  #timer(plan: Plan, handled: Handled, name: string, commit: Commit): PlainTimer | undefined {
    const entity = this.#run.find(plan.entities[plan.routes[handled.route]!.entity]!.name, handled.key)
    const pending = entity?.timers.get(name)
    const shown = nameOf(plan, handled)
    if (entity === undefined || pending === undefined) {
      this.#problems.add('doubled', `${shown} has fired, but is not set: it was fired before, moved or cancelled`)
      return undefined
    }
    if (handled.origin.kind === 'timer' && handled.origin.atMs !== pending.atMs)
      this.#problems.add('invented', `${shown} was set for ${pending.atMs}, not ${handled.origin.atMs}`)
    if (pending.atMs > commit.nowMs)
      this.#problems.add('time', `${shown} has fired at ${commit.nowMs}, but was set for ${pending.atMs}`)
    if (pending.id !== handled.id || !sameBytes(pending.bytes, handled.message))
      this.#problems.add('invented', `${shown} carries another message than it was set with`)
    for (const other of entity.timers.values()) {
      const overtaken =
        other.atMs < pending.atMs &&
        other.setBy < commit.sealedAt &&
        !name.startsWith('~') &&
        !other.name.startsWith('~')
      if (overtaken)
        this.#problems.add(
          'reordered',
          `${shown}, set for ${pending.atMs}, has fired before ${other.name}, set for ${other.atMs}`,
        )
    }
    return pending
  }

  #letter(plan: Plan, handled: Handled, error: unknown, record: Uint8Array | undefined, commit: Commit): void {
    const expected = expectedLetter(plan, handled, error, record, commit)
    if (plan.deadLetterSink === undefined) {
      const list = this.#letters.get(commit.group) ?? []
      list.push(expected)
      this.#letters.set(commit.group, list)
      return
    }
    const sink = plan.sinks[plan.deadLetterSink]!
    const bytes = expected.literal ? asBytes(sink.encode(expected.letter)) : undefined
    this.#outputs.expect(sink.name, handled.shard, { bytes, commit })
  }
}
