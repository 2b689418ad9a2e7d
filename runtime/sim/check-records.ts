import { shardOf } from '../base/hash.ts'
import { maxMessageBytes } from '../base/limits.ts'
import type { Codec } from '../shard/codec.ts'
import { StepFailure } from '../shard/dead-letter.ts'
import { shardOfFailed } from '../shard/intake.ts'
import type { Handled, Origin } from '../shard/handled.ts'
import { MessageId, partitionSeed } from '../shard/message-id.ts'
import type { Plan } from '../shard/plan.ts'
import type { Commit } from './history.ts'
import { checkKey, idOf } from './plain-call.ts'
import { nameOf } from './plain-run.ts'
import { type Problems, sameBytes } from './problems.ts'

/** What is in a partition of a source, as it was when the run ended. */
export interface LogContent {
  readonly source: string
  readonly partition: string
  readonly records: readonly { readonly offset: number; readonly bytes: Uint8Array }[]
}

/** One message that the plain steps make of a record. */
export interface Emission {
  readonly index: number
  /** As in `Handled`: below 0 for outputs (-2 - sink) and for the failure of the whole record (-1). */
  readonly route: number
  readonly key: string
  readonly shard: number
  readonly value: unknown
  /** Undefined: it is no data. */
  readonly bytes: Uint8Array | undefined
}

interface Expanded {
  readonly version: number
  readonly emissions: readonly Emission[]
  readonly timeMs: number | undefined
  readonly left: Set<number>
  /** The commit that took this record's messages for a shard: they are one unit (RULE 2). */
  readonly takenBy: Map<number, Commit>
}

/**
 * Compares what was handled of one partition with what the plain steps make of its records: each message exactly once, and in
 * order for every shard.
 */
export class RecordCheck {
  readonly #log: LogContent
  readonly #plans: readonly Plan[]
  readonly #codec: Codec
  readonly #shardCount: number
  readonly #problems: Problems
  readonly #bytes: ReadonlyMap<number, Uint8Array>
  readonly #expanded = new Map<number, Expanded>()
  readonly #last = new Map<number, { offset: number; index: number }>()
  readonly #seed: number
  readonly #home: number

  constructor(
    log: LogContent,
    options: { plans: readonly Plan[]; codec: Codec; shardCount: number; problems: Problems },
  ) {
    this.#log = log
    this.#plans = options.plans
    this.#codec = options.codec
    this.#shardCount = options.shardCount
    this.#problems = options.problems
    this.#bytes = new Map(log.records.map(({ offset, bytes }) => [offset, bytes]))
    this.#seed = partitionSeed(log.source, log.partition)
    this.#home = shardOf(`${log.source}/${log.partition}`, options.shardCount)
  }

  /** A message of a record was handled. Returns what the plain steps made of it. */
  take(handled: Handled, origin: Origin & { kind: 'record' }, commit: Commit): Emission | undefined {
    const plan = this.#plans[commit.version]!
    const name = nameOf(plan, handled)
    const { offset, index } = origin
    if (!this.#bytes.has(offset)) {
      this.#problems.add('invented', `${name}: there is no such record`)
      return undefined
    }
    const record = this.#expand(offset, commit.version)
    if (record.version !== commit.version)
      this.#problems.add(
        'history',
        `${name}: one half of the record was handled by version ${record.version} of the program, one by ${commit.version}`,
      )
    const emission = record.emissions[index]
    if (emission === undefined || !this.#isSame(emission, handled, record)) {
      this.#problems.add(
        'invented',
        `${name}: the plain steps make ${emission === undefined ? 'nothing' : 'something else'} of it`,
      )
      return undefined
    }
    if (!record.left.delete(index)) this.#problems.add('doubled', `${name} was handled before`)
    this.#checkOrder(handled, offset, index, name)
    const unit = record.takenBy.get(handled.shard)
    if (unit === undefined) record.takenBy.set(handled.shard, commit)
    else if (unit !== commit)
      this.#problems.add('history', `${name}: the record's messages for shard ${handled.shard} are in two commits`)
    return emission
  }

  /** Everything was to be handled by now. */
  finish(): void {
    const version = this.#plans.length - 1
    for (const { offset } of this.#log.records) {
      const { left, emissions } = this.#expanded.get(offset) ?? this.#expand(offset, version)
      for (const index of left) {
        const { route, key, shard } = emissions[index]!
        this.#problems.add(
          'lost',
          `message ${index} of record ${offset} of ${this.#log.source}/${this.#log.partition} (route ${route}, key "${key}", shard ${shard}) was never handled`,
        )
      }
    }
  }

  /** What a record looks like in a dead letter. */
  record(offset: number): Uint8Array {
    return this.#bytes.get(offset)!
  }

  #isSame(emission: Emission, handled: Handled, { timeMs }: Expanded): boolean {
    const id = new MessageId()
    const { origin } = handled
    if (origin.kind !== 'record') return false
    id.ofRecord(this.#seed, origin.offset, origin.index)
    if (handled.route !== emission.route || handled.shard !== emission.shard || handled.id !== idOf(id)) return false
    if (emission.route >= 0 && handled.key !== emission.key) return false
    if (timeMs !== undefined && timeMs !== handled.timeMs) return false
    return emission.bytes === undefined || sameBytes(emission.bytes, handled.message)
  }

  #checkOrder({ shard }: Handled, offset: number, index: number, name: string): void {
    const last = this.#last.get(shard)
    if (last !== undefined && (offset < last.offset || (offset === last.offset && index < last.index))) {
      this.#problems.add(
        'reordered',
        `${name} came after message ${last.index} of record ${last.offset} on its lane to shard ${shard}`,
      )
    }
    this.#last.set(shard, { offset, index })
  }

  #expand(offset: number, version: number): Expanded {
    let found = this.#expanded.get(offset)
    if (found === undefined) this.#expanded.set(offset, (found = this.#plain(offset, version)))
    return found
  }

  #plain(offset: number, version: number): Expanded {
    const plan = this.#plans[version]!
    const source = plan.sources.find(({ name }) => name === this.#log.source)
    const emissions: Emission[] = []
    const add = (route: number, key: string, shard: number, value: unknown): void => {
      emissions.push({ index: emissions.length, route, key, shard, value, bytes: this.#encode(value) })
    }
    const bytes = this.#bytes.get(offset)!
    const shard = source === undefined ? this.#home : shardOfFailed(source, bytes, this.#home, this.#shardCount)
    let timeMs: number | undefined
    let decoded = false
    try {
      if (bytes.length > maxMessageBytes) throw new RangeError('the record is too large')
      const value = source?.decode(bytes.slice())
      decoded = true
      timeMs = source?.time?.(value)
      source?.flow(value, {
        toEntity: (route, key, message) => {
          checkKey(key)
          add(route, key, shardOf(key, this.#shardCount), message)
        },
        toSink: (sink, output) => add(-2 - sink, '', this.#home, output),
      })
    } catch (cause) {
      emissions.length = 0
      const failure = new StepFailure(decoded ? 'MR_STEP_FAILED' : 'MR_DECODE_FAILED', cause, shard)
      emissions.push({ index: 0, route: -1, key: '', shard, value: failure, bytes: undefined })
      timeMs = undefined
    }
    return { version, emissions, timeMs, left: new Set(emissions.keys()), takenBy: new Map() }
  }

  #encode(value: unknown): Uint8Array | undefined {
    try {
      return this.#codec.encode(value).slice()
    } catch {
      return undefined
    }
  }
}
