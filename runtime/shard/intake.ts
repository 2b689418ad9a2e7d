import { MillraceError } from '../base/errors.ts'
import { maxMessageBytes } from '../base/limits.ts'
import { type Batch, failedRecordRoute, sinkRoute } from './batch.ts'
import type { Codec } from './codec.ts'
import { RemoteFailure, StepFailure } from './dead-letter.ts'
import { partitionSeed } from './message-id.ts'
import type { FlowOut, Plan } from './plan.ts'
import type { Partition, RecordSlices, Run } from './records.ts'
import type { RowCache } from './row-cache.ts'

/** Messages of a record for shards of other groups. `route` may be a sink's: see `sinkRoute`. The bytes must be copied at once. */
export interface RemoteEmissions {
  emit(shard: number, route: number, key: string, index: number, timeMs: number, bytes: Uint8Array): void
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
  /** Where messages for other groups go. Only records whose `remote` is wanted are sent again after a rewind. */
  remote: RemoteEmissions | undefined = undefined
  readonly #partitions = new Map<string, Partition>()
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
  begin(source: number, partition: string, slices: RecordSlices): void {
    const { records, nowMs } = this.#batch
    const hasEventTimes = this.#plan.sources[source]!.time !== undefined
    this.#run = records.begin(this.#partition(source, partition), slices, nowMs, hasEventTimes)
  }

  /** Stages record i of those begun. `local` false: this group has the record already, only other groups still want it. */
  record(i: number, local: boolean): void {
    const batch = this.#batch
    const { partition, slices, first, eventTimesMs } = this.#run!
    const plan = this.#plan.sources[partition.source]!
    const { buffer } = slices
    const start = slices.starts[i]!
    const end = slices.ends[i]!
    const before = batch.count
    this.#slot = first + i
    batch.records.count = first + i + 1
    batch.sizeBytes += end - start
    this.#index = 0
    this.#local = local
    let decoded = false
    try {
      if (end - start > maxMessageBytes) throw tooLarge(plan.name)
      const value = plan.decode(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end))
      decoded = true
      if (eventTimesMs !== undefined) eventTimesMs[i] = plan.time!(value)
      plan.flow(value, this)
    } catch (cause) {
      batch.truncate(before)
      this.remote?.abort()
      const failure = new StepFailure(decoded ? 'MR_STEP_FAILED' : 'MR_DECODE_FAILED', cause)
      if (!this.#cache.owns(partition.home)) {
        const bytes = this.#codec.encode(RemoteFailure.data(failure, buffer.subarray(start, end)))
        this.remote?.emit(partition.home, failedRecordRoute, '', 0, this.#timeMs, bytes)
      } else if (local) batch.addEmission(undefined, failedRecordRoute, failure, this.#slot, 0)
    }
  }

  toEntity(route: number, key: string, value: unknown): void {
    const index = this.#index++
    const row = this.#cache.find(this.#plan.routes[route]!.entity, key)
    if (row === undefined)
      this.remote?.emit(this.#cache.shardOf(key), route, key, index, this.#timeMs, this.#codec.encode(value))
    else if (this.#local) this.#batch.addEmission(row, route, index === 0 ? value : this.#own(value), this.#slot, index)
  }

  toSink(sink: number, value: unknown): void {
    const index = this.#index++
    const { home } = this.#run!.partition
    if (!this.#cache.owns(home))
      this.remote?.emit(home, sinkRoute(sink), '', index, this.#timeMs, this.#codec.encode(value))
    else if (this.#local) this.#batch.addEmission(undefined, sinkRoute(sink), value, this.#slot, index)
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
    const partition = { source, name, seed: partitionSeed(sourceName, name), home }
    this.#partitions.set(`${source}/${name}`, partition)
    return partition
  }

  /** The first message of a record has the decoded object to itself; every further one gets its own (RULE 7). */
  #own(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const bytes = this.#codec.encode(value).slice()
    return this.#codec.decode(bytes, 0, bytes.length)
  }
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
