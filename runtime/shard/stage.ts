import { ByteReader } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import { enoughRows, maxBatchBytes, waitingShare } from '../base/limits.ts'
import type { Batch } from './batch.ts'
import type { Codec } from './codec.ts'
import { DeadLetterRetries } from './dead-letter-retries.ts'
import type { GroupOptions } from './group-options.ts'
import type { HandlerRun } from './handler-run.ts'
import type { RetryDone } from './in-flight.ts'
import type { Intake } from './intake.ts'
import { LaneInbox } from './lane-inbox.ts'
import type { InLanes } from './lanes/in-lanes.ts'
import type { LinkSet } from './lanes/links.ts'
import { readMessageHead } from './lanes/message-bytes.ts'
import type { OutLane } from './lanes/out-lane.ts'
import type { ForwardedRecords } from './lanes/ports.ts'
import type { OutLanes } from './lanes/out-lanes.ts'
import type { Envelope, Request } from './message.ts'
import type { Plan } from './plan.ts'
import { Queries } from './queries.ts'
import type { RowCache } from './row-cache.ts'
import type { Row } from './row.ts'
import type { SourceLanes } from './source-lanes.ts'
import type { TimerBook } from './timer-book.ts'

/** What staging works on. */
export interface Staged {
  readonly plan: Plan
  readonly codec: Codec
  readonly options: GroupOptions
  /** The durable number of each route. */
  readonly routeIds: readonly number[]
  readonly cache: RowCache
  readonly batch: Batch
  readonly intake: Intake
  readonly sources: SourceLanes
  readonly timers: TimerBook
  readonly outLanes: OutLanes
  readonly inLanes: InLanes
  readonly links: LinkSet | undefined
  record(i: number, local: boolean): void
}

/** How input other than records enters the batch: timers, messages that waited, other groups, requests, dead letters. */
export class Stage {
  readonly batch: Batch
  readonly plan: Plan
  readonly codec: Codec
  readonly intake: Intake
  readonly sources: SourceLanes
  readonly queries: Queries
  readonly retries: DeadLetterRetries
  readonly #group: Staged
  readonly #run: HandlerRun
  readonly #inbox: LaneInbox = new LaneInbox(this)
  /** Names what comes from outside: this opening of the group, and a count. */
  readonly #epoch: number
  #requests = 0

  constructor(
    group: Staged,
    run: HandlerRun,
    epoch: number,
    removals: { readonly shard: number; readonly key: Uint8Array }[],
  ) {
    this.#group = group
    this.#run = run
    this.#epoch = epoch
    this.batch = group.batch
    this.plan = group.plan
    this.codec = group.codec
    this.intake = group.intake
    this.sources = group.sources
    this.queries = new Queries(group.cache, group.codec, group.options.bugs)
    this.retries = new DeadLetterRetries(this, removals)
  }

  /** Whether the batch has room for more input. */
  get hasRoom(): boolean {
    return this.batch.count < this.#group.options.maxBatchMessages && this.batch.sizeBytes < maxBatchBytes
  }

  /** Whether the batch is worth a commit, though more input is at hand. */
  get isLarge(): boolean {
    const { count } = this.batch
    const { cache, options } = this.#group
    if (count >= options.maxBatchMessages / waitingShare) return true
    // Only where hardly any row would be met again: what is sealed later is sealed less often.
    const rows = cache.touched.length
    return rows >= enoughRows && rows >= count - count / 16
  }

  get acceptTornRecords(): boolean {
    return this.#group.options.acceptTornRecords === true
  }

  /** Whether messages of earlier commits to this group itself are left. */
  get hasWaiting(): boolean {
    return this.#ownReady.size > 0
  }

  /** Timers that are due. */
  timers(): void {
    while (this.hasRoom) {
      const timer = this.#group.timers.queue.takeDue(this.batch.nowMs)
      if (timer === undefined) return
      const { route, key, shard, message, timeMs, idHigh, idLow } = timer
      const row = this.#group.cache.find(timer.table.index, key)
      this.#add(row, {
        route,
        key,
        shard,
        bytes: message,
        start: 0,
        end: message.length,
        timeMs,
        idHigh,
        idLow,
        from: { kind: 'timer', timer },
      })
    }
  }

  /** Messages of earlier commits to this group itself come first: nothing on their lanes may overtake them. */
  waiting(): void {
    const { inLanes, outLanes } = this.#group
    for (const lane of Array.from(this.#ownReady)) {
      while (lane.cursor < lane.sendable && this.hasRoom) {
        const { number, chainHigh, chainLow, buffer: bytes, start, end } = lane.entry(lane.cursor + 1)!
        const reader = new ByteReader(bytes, start, end)
        const { route: id, key, timeMs, idHigh, idLow } = readMessageHead(reader)
        const route = this.#group.routeIds.indexOf(id)
        inLanes.advance(inLanes.lane(lane.from, lane.to), number, chainHigh, chainLow)
        outLanes.pruneLane(lane, number)
        const from = { kind: 'lane', shard: lane.from, number, chainHigh, chainLow } as const
        this.stageMessage({ route, key, shard: lane.to, bytes, start: reader.at, end, timeMs, idHigh, idLow, from })
      }
    }
    this.#run.mustWaitAtStart = this.hasWaiting
    this.#run.mustWait = this.hasWaiting
  }

  /** What other groups have sent. */
  inbox(): void {
    const { links, options } = this.#group
    if (links?.hasWaiting === true) links.take(options.maxBatchMessages, this.#inbox)
  }

  /** A message from outside. Throws MR_KEY_INVALID and what the codec throws; resolves through the request. */
  request(route: number, key: string, message: unknown, request: Request): void {
    const row = this.#group.cache.find(this.plan.routes[route]!.entity, key)
    if (row === undefined) {
      throw new MillraceError('MR_UNKNOWN_HANDLER', `key "${key}" belongs to another worker`, {
        next: 'Ask the worker that runs it',
      })
    }
    const bytes = this.codec.encode(message).slice()
    const { nowMs: timeMs } = this.batch
    const [idHigh, idLow] = this.#nextId()
    this.#add(row, {
      route,
      key,
      shard: row.shard,
      bytes,
      start: 0,
      end: bytes.length,
      timeMs,
      idHigh,
      idLow,
      from: { kind: 'request', request },
    })
  }

  /**
   * Handles a dead letter again. It leaves the store in the same commit, also when it fails again (as a new dead letter).
   * `done` is told which of the two happened, once that is durable.
   */
  deadLetter(rowKey: Uint8Array, bytes: Uint8Array, done: RetryDone): void {
    this.retries.stage(rowKey, bytes, this.#nextId(), done)
  }

  /** A message that is told apart by `from`: a lane's, a record's of a reader elsewhere, a dead letter's. */
  stageMessage(envelope: Envelope): void {
    const { route, key } = envelope
    this.#add(route < 0 ? undefined : this.#group.cache.find(this.plan.routes[route]!.entity, key), envelope)
  }

  beginForwarded(records: ForwardedRecords): void {
    this.intake.beginForwarded(records.source, records.partition, records)
  }

  stageRecord(i: number): void {
    this.#group.record(i, true)
  }

  get #ownReady(): Set<OutLane> {
    return this.#group.outLanes.ready(this.#group.options.group)
  }

  #nextId(): readonly [high: number, low: number] {
    return [this.#epoch, ++this.#requests]
  }

  #add(row: Row | undefined, envelope: Envelope): void {
    this.batch.addEnvelope(row, envelope)
    this.batch.sizeBytes += envelope.end - envelope.start
  }
}
