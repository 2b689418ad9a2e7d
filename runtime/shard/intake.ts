import { MillraceError } from '../base/errors.ts'
import { maxMessageBytes } from '../base/limits.ts'
import { type Batch, failedRecordRoute, sinkRoute } from './batch.ts'
import type { Codec } from './codec.ts'
import { RemoteFailure, StepFailure } from './dead-letter.ts'
import type { FlowOut, Plan } from './plan.ts'
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
  readonly #homeShard: (source: number, partition: string) => number
  /** Where messages for other groups go. Only records whose `remote` is wanted are sent again after a rewind. */
  remote: RemoteEmissions | undefined = undefined
  #record = 0
  #index = 0
  #source = 0
  #partition = ''
  #local = true

  constructor(
    plan: Plan,
    codec: Codec,
    cache: RowCache,
    batch: Batch,
    homeShard: (source: number, partition: string) => number,
  ) {
    this.#plan = plan
    this.#codec = codec
    this.#cache = cache
    this.#batch = batch
    this.#homeShard = homeShard
  }

  /**
   * Stages one record, `buffer[start, end)`. The buffer must stay as it is until the batch is sealed. `local` false: this
   * group has the record already, only other groups still want it.
   */
  record(
    source: number,
    seed: number,
    partition: string,
    offset: number,
    timeMs: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    local: boolean,
  ): void {
    const batch = this.#batch
    const plan = this.#plan.sources[source]!
    const before = batch.count
    this.#record = batch.records.add(source, seed, partition, offset, timeMs, buffer, start, end)
    this.#index = 0
    this.#source = source
    this.#partition = partition
    this.#local = local
    let decoded = false
    try {
      if (end - start > maxMessageBytes) {
        throw new MillraceError(
          'MR_MESSAGE_TOO_LARGE',
          `a record of source "${plan.name}" is larger than ${maxMessageBytes} bytes`,
          {
            next: 'Split it, or keep the bulk elsewhere and send its name',
          },
        )
      }
      const value = plan.decode(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end))
      decoded = true
      if (plan.time !== undefined) batch.records.timesMs[this.#record] = plan.time(value)
      plan.flow(value, this)
    } catch (cause) {
      batch.truncate(before)
      this.remote?.abort()
      const failure = new StepFailure(decoded ? 'MR_STEP_FAILED' : 'MR_DECODE_FAILED', cause)
      const home = this.#homeShard(source, partition)
      if (!this.#cache.owns(home))
        this.remote?.emit(
          home,
          failedRecordRoute,
          '',
          0,
          this.#timeMs,
          this.#codec.encode(RemoteFailure.data(failure, buffer.subarray(start, end))),
        )
      else if (local) batch.addEmission(undefined, failedRecordRoute, failure, this.#record, 0)
    }
  }

  toEntity(route: number, key: string, value: unknown): void {
    const index = this.#index++
    const row = this.#cache.find(this.#plan.routes[route]!.entity, key)
    if (row === undefined)
      this.remote?.emit(this.#cache.shardOf(key), route, key, index, this.#timeMs, this.#codec.encode(value))
    else if (this.#local)
      this.#batch.addEmission(row, route, index === 0 ? value : this.#own(value), this.#record, index)
  }

  toSink(sink: number, value: unknown): void {
    const index = this.#index++
    const shard = this.#homeShard(this.#source, this.#partition)
    if (!this.#cache.owns(shard))
      this.remote?.emit(shard, sinkRoute(sink), '', index, this.#timeMs, this.#codec.encode(value))
    else if (this.#local) this.#batch.addEmission(undefined, sinkRoute(sink), value, this.#record, index)
  }

  /** Event time of the record. */
  get #timeMs(): number {
    return this.#batch.records.timesMs[this.#record]!
  }

  /** The first message of a record has the decoded object to itself; every further one gets its own (RULE 7). */
  #own(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const bytes = this.#codec.encode(value).slice()
    return this.#codec.decode(bytes, 0, bytes.length)
  }
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
