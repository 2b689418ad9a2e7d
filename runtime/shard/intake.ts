import { MillraceError } from '../base/errors.ts'
import { shardOf, shardOfHash } from '../base/hash.ts'
import { maxMessageBytes } from '../base/limits.ts'
import { type Batch, failedRecordRoute, sinkRoute } from './batch.ts'
import type { Codec } from './codec.ts'
import { RemoteFailure, StepFailure } from './dead-letter.ts'
import { partitionSeed } from './message-id.ts'
import type { FlowOut, Plan, SourcePlan } from './plan.ts'
import { Places } from './places.ts'
import type { Partition, RecordSlices, Run } from './records.ts'
import { checkKey, hashOf, type RowCache } from './row-cache.ts'

/** Where that of a record goes which is for shards of other groups. */
export interface Elsewhere {
  /** One message of the record. `route` may be a sink's: see `sinkRoute`. The bytes must be copied at once. */
  emit(shard: number, route: number, key: string, index: number, timeMs: number, bytes: Uint8Array): void
  /** All that the record leads to is for the group of this shard: it gets the record as it came, and makes the message itself. */
  forward(shard: number, timeMs: number, bytes: DataView, start: number, end: number): void
  /** The record failed: nothing of what it emitted is sent. */
  abort(): void
}

/**
 * Turns records into messages of the batch: decodes them, runs the pure steps, and stages what comes out. A record's messages
 * are one unit: when a step fails, none of them is staged and the record itself becomes a dead letter.
 */
export class Intake implements FlowOut {
  readonly #plan: Plan
  readonly #codec: Codec
  readonly #cache: RowCache
  readonly #batch: Batch
  readonly #partitions = new Map<string, Partition>()
  readonly #forwarded = new Map<string, Partition>()
  readonly #places = new Places()
  /** Undefined: there is nothing else, or somebody else has read the record, and found that all of it is for this group. */
  #elsewhere: Elsewhere | undefined = undefined
  #run: Run | undefined = undefined
  #slot = 0
  #index = 0
  #local = true

  constructor(plan: Plan, codec: Codec, cache: RowCache, batch: Batch) {
    this.#plan = plan
    this.#codec = codec
    this.#cache = cache
    this.#batch = batch
  }

  /** The records that `record` is called for next. Their buffer must stay as it is until the batch is sealed. */
  begin(source: number, partition: string, slices: RecordSlices, elsewhere: Elsewhere | undefined): void {
    this.#elsewhere = elsewhere
    this.#begin(this.#partition(source, partition), slices)
  }

  /** The same for records that another group has read and forwarded. */
  beginForwarded(source: number, partition: string, slices: RecordSlices): void {
    this.#elsewhere = undefined
    this.#begin(this.#forwardedPartition(source, partition), slices)
  }

  #begin(partition: Partition, slices: RecordSlices): void {
    const { records, nowMs } = this.#batch
    const hasEventTimes = this.#plan.sources[partition.source]!.time !== undefined
    this.#run = records.begin(partition, slices, nowMs, hasEventTimes)
  }

  /** Stages record i of those begun. `local` false: this group has the record already, only other groups still want it. */
  record(i: number, local: boolean): void {
    const batch = this.#batch
    const { partition, slices, view, memory, memoryAt, first, eventTimesMs } = this.#run!
    const plan = this.#plan.sources[partition.source]!
    const start = slices.starts[i]!
    const end = slices.ends[i]!
    const before = batch.count
    this.#slot = first + i
    batch.records.count = first + i + 1
    batch.sizeBytes += end - start
    this.#index = 0
    this.#local = local
    const bytes = new Uint8Array(memory, memoryAt + start, end - start)
    let decoded = false
    try {
      if (bytes.length > maxMessageBytes) throw tooLarge(plan.name)
      if (plan.key !== undefined && this.#elsewhere !== undefined) {
        const key = plan.key(bytes)
        checkKey(key)
        const shard = this.#cache.shardOf(key)
        if (!this.#cache.owns(shard)) return this.#elsewhere.forward(shard, this.#timeMs, view, start, end)
      }
      const value = plan.decode(bytes)
      decoded = true
      if (eventTimesMs !== undefined) eventTimesMs[i] = plan.time!(value)
      plan.flow(value, this)
      if (this.#index === 0 && partition.forwarded && plan.key === undefined) throw notPure()
    } catch (cause) {
      batch.truncate(before)
      this.#elsewhere?.abort()
      const shard = shardOfFailed(plan, bytes, partition.home, this.#cache.shardCount)
      const failure = new StepFailure(decoded ? 'MR_STEP_FAILED' : 'MR_DECODE_FAILED', cause, shard)
      if (!this.#cache.owns(shard)) {
        const data = this.#codec.encode(
          RemoteFailure.data(failure, bytes, (thrown, said) =>
            this.#places.of(thrown, said, failedRecordRoute, batch.nowMs),
          ),
        )
        this.#elsewhere?.emit(shard, failedRecordRoute, '', 0, this.#timeMs, data)
      } else if (local) batch.addEmission(undefined, failedRecordRoute, failure, this.#slot, 0)
    }
  }

  toEntity(route: number, key: string, value: unknown): void {
    const index = this.#index++
    const { entity } = this.#plan.routes[route]!
    const row = this.#cache.busy(entity, key)
    if (row === undefined) this.#toFar(entity, route, key, index, value)
    else if (this.#local) this.#batch.addEmission(row, route, index === 0 ? value : this.#own(value), this.#slot, index)
  }

  /** To an entity that is not awake, or elsewhere, or one of many. */
  #toFar(entity: number, route: number, key: string, index: number, value: unknown): void {
    checkKey(key)
    const hash = hashOf(key)
    const shard = shardOfHash(hash, this.#cache.shardCount)
    if (!this.#cache.owns(shard)) this.#toElsewhere(shard, route, key, index, value)
    else if (this.#local) {
      const own = index === 0 ? value : this.#own(value)
      if (this.#cache.gathers) this.#batch.addKeyed(key, hash, route, own, this.#slot, index)
      else this.#batch.addEmission(this.#cache.rowOf(entity, key, hash), route, own, this.#slot, index)
    }
  }

  toSink(sink: number, value: unknown): void {
    const index = this.#index++
    const { home } = this.#run!.partition
    if (!this.#cache.owns(home)) this.#toElsewhere(home, sinkRoute(sink), '', index, value)
    else if (this.#local) this.#batch.addEmission(undefined, sinkRoute(sink), value, this.#slot, index)
  }

  #toElsewhere(shard: number, route: number, key: string, index: number, value: unknown): void {
    const elsewhere = this.#elsewhere
    const plan = this.#plan.sources[this.#run!.partition.source]!
    if (plan.key !== undefined) throw keyDiffers(key)
    if (elsewhere === undefined) throw notPure()
    if (plan.forwards) {
      const { slices, view, first } = this.#run!
      const i = this.#slot - first
      elsewhere.forward(shard, this.#timeMs, view, slices.starts[i]!, slices.ends[i]!)
    } else elsewhere.emit(shard, route, key, index, this.#timeMs, this.#codec.encode(value))
  }

  /** Event time of the record. */
  get #timeMs(): number {
    return this.#batch.records.timeMs(this.#slot)
  }

  #partition(source: number, name: string): Partition {
    const known = this.#partitions.get(`${source}/${name}`)
    if (known !== undefined) return known
    const sourceName = this.#plan.sources[source]!.name
    const home = this.#cache.shardOf(`${sourceName}/${name}`)
    const partition = { source, name, seed: partitionSeed(sourceName, name), home, forwarded: false }
    this.#partitions.set(`${source}/${name}`, partition)
    return partition
  }

  /** What fails of forwarded records stays here: they have no other way back. */
  #forwardedPartition(source: number, name: string): Partition {
    const known = this.#forwarded.get(`${source}/${name}`)
    if (known !== undefined) return known
    const partition = this.#partition(source, name)
    let { home } = partition
    while (!this.#cache.owns(home)) home = (home + 1) % this.#cache.shardCount
    const own = { ...partition, home, forwarded: true }
    this.#forwarded.set(`${source}/${name}`, own)
    return own
  }

  /** The first message of a record has the decoded object to itself; every further one gets its own (RULE 7). */
  #own(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const bytes = this.#codec.encode(value).slice()
    return this.#codec.decode(bytes, 0, bytes.length)
  }
}

/** The shard that keeps the dead letter of a record: that of its key, if that can be read from its bytes, else its partition's. */
export function shardOfFailed(plan: SourcePlan, bytes: Uint8Array, home: number, shardCount: number): number {
  if (plan.key === undefined) return home
  try {
    const key = plan.key(bytes)
    checkKey(key)
    return shardOf(key, shardCount)
  } catch {
    return home
  }
}

function keyDiffers(key: string): MillraceError {
  return new MillraceError('MR_KEY_DIFFERS', `keyBy gave "${key}", and the format's key something else`, {
    next: 'Let the key of the format and keyBy say the same, or leave the former out',
  })
}

/** Whoever forwarded the record has found that its message is for this group. */
function notPure(): MillraceError {
  return new MillraceError('MR_STEP_NOT_PURE', 'a step made something else of a record when it was run again', {
    next: 'Steps between a source and keyBy give the same for the same record: take the time from the record, and chance from a handler (ctx.random)',
  })
}

function tooLarge(source: string): MillraceError {
  return new MillraceError(
    'MR_MESSAGE_TOO_LARGE',
    `a record of source "${source}" is larger than ${maxMessageBytes} bytes`,
    { next: 'Split it, or keep the bulk elsewhere and send its name' },
  )
}

/** Value `index` that a record's steps emit, made anew from its bytes. Pure steps give the same again (RULE 8). */
export function reExpand(plan: Plan, source: number, bytes: Uint8Array, index: number): unknown {
  let found: unknown
  let at = 0
  const keep = (value: unknown): void => {
    if (at++ === index) found = value
  }
  const { decode, flow } = plan.sources[source]!
  flow(decode(bytes), { toEntity: (_route, _key, value) => keep(value), toSink: (_sink, value) => keep(value) })
  return found
}
