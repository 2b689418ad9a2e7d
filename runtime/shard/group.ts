import * as limits from '../base/limits.ts'
import { amplifyingCycle } from './amplifying-cycle.ts'
import { Batch } from './batch.ts'
import { BatchView } from './batch-view.ts'
import { Catalog } from './catalog.ts'
import type { Codec } from './codec.ts'
import { Effects } from './effects.ts'
import { Executor } from './executor.ts'
import type { GroupOptions, Peers, SealedCommit } from './group-options.ts'
import { HandlerRun } from './handler-run.ts'
import { encodeGroupHeader } from './headers.ts'
import { type InFlight, land, refuse } from './in-flight.ts'
import { Intake } from './intake.ts'
import { InLanes } from './lanes/in-lanes.ts'
import type { LinkSet } from './lanes/links.ts'
import { OutLanes } from './lanes/out-lanes.ts'
import { linkUp } from './link-up.ts'
import type { Plan } from './plan.ts'
import type { Recovered } from './recover.ts'
import { restoreLanes, restoreRows, restoreTimers } from './restore.ts'
import { RowCache } from './row-cache.ts'
import { fetched } from './shelf-fetch.ts'
import { EntityTable, type Row, Status } from './row.ts'
import { catalogKey, Field, groupKey } from './row-key.ts'
import { Unsealable } from './row-sealer.ts'
import { Sealer } from './seal.ts'
import { shardRow } from './shard-row.ts'
import { SinkLanes, type PendingOutputs } from './sink-lanes.ts'
import { SinkOutbox } from './sink-outbox.ts'
import { SourceLanes } from './source-lanes.ts'
import { Stage } from './stage.ts'
import { TimerBook } from './timer-book.ts'
import { costOf, type LooseRow, WriteBack } from './write-back.ts'

/**
 * A commit group: the pure core of a worker. It owns its shards' entities, timers and lanes, and knows no store, clock or
 * network: input is staged, `run` handles it, `seal` closes it as one commit, and `durable` says that the world may hear of it.
 *
 *   begin -> stage... -> run (-> loaded -> run)* -> seal -> [store] -> durable -> release
 *
 * G1 One batch is open at a time; the next may be filled and run while the commit before is on its way to the store.
 * G2 What `release` gives comes from durable commits only (RULE 1).
 * G3 After any error thrown from here the group must not be used again: open it anew from the store.
 */
export class Group {
  readonly plan: Plan
  readonly codec: Codec
  readonly options: GroupOptions
  readonly catalog: Catalog
  readonly cache: RowCache
  readonly batch: Batch = new Batch()
  /** The durable number of each route. */
  readonly routeIds: readonly number[]
  readonly sources: SourceLanes
  readonly intake: Intake
  readonly outLanes: OutLanes
  readonly inLanes: InLanes = new InLanes()
  readonly outboxes: readonly SinkOutbox[]
  readonly timers: TimerBook = new TimerBook()
  /** How input enters the batch. */
  readonly stage: Stage
  /** Links to other groups; undefined: there are none. */
  readonly links: LinkSet | undefined
  /** Messages that were handled since the group was opened. */
  handledCount = 0
  /** `deadLetters` when the group was opened. */
  readonly deadLettersBefore: number
  /** By route. */
  readonly #entities: readonly number[]
  readonly #effects = new Effects()
  readonly #run: HandlerRun
  readonly #executor: Executor
  readonly #sealer: Sealer
  readonly #writeBack: WriteBack
  readonly #sinkLanes: readonly SinkLanes[]
  readonly #shardRows = new Map<number, LooseRow>()
  readonly #inFlight: InFlight[] = []
  /** Rows that are being read. */
  #loading = 0
  #truncatedBelow = 1
  #begun = false
  #flushing = false

  /** `peers`: how to reach other groups; undefined: there are none. */
  constructor(plan: Plan, codec: Codec, options: GroupOptions, epoch: number, recovered: Recovered, peers?: Peers) {
    this.plan = plan
    this.codec = codec
    this.options = options
    this.deadLettersBefore = recovered.deadLetters
    this.#entities = plan.routes.map(({ entity }) => entity)
    this.catalog = Catalog.decode(recovered.catalog)
    const tables = plan.entities.map(
      (entity, i) => new EntityTable(i, entity, this.catalog.number('entity', entity.name)),
    )
    const owned = Array.from({ length: options.shardCount }, (_, shard) => options.ownerOf(shard) === options.group)
    this.cache = new RowCache(tables, options.shardCount, owned, options.cacheBytes)
    this.#writeBack = new WriteBack(this.cache.shelf, options.windowBytes)
    this.sources = new SourceLanes(
      plan,
      plan.sources.map((source) => this.catalog.number('source', source.name)),
    )
    this.routeIds = plan.routes.map(({ name }) => this.catalog.number('route', name))
    this.intake = new Intake(plan, codec, this.cache, this.batch)
    this.outLanes = new OutLanes(options.group, (shard) => options.ownerOf(shard))
    const sinkLanes = (this.#sinkLanes = plan.sinks.map(
      (sink, i) => new SinkLanes(i, this.catalog.number('sink', sink.name), options.shardCount),
    ))
    const sinkIds = sinkLanes.map(({ id }) => id)
    const view = new BatchView(this.batch, plan, codec)
    view.tracing = options.tracing
    this.#run = new HandlerRun(
      plan,
      codec,
      this.cache,
      this.batch,
      view,
      this.#effects,
      options,
      sinkIds,
      this.routeIds,
    )
    const parts = {
      plan,
      codec,
      cache: this.cache,
      batch: this.batch,
      view,
      effects: this.#effects,
      timers: this.timers,
      run: this.#run,
      bugs: options.bugs,
    }
    this.#executor = new Executor(parts)
    this.#sealer = new Sealer({
      ...parts,
      group: options.group,
      catalog: this.catalog,
      sinkLanes,
      sources: this.sources,
      outLanes: this.outLanes,
      inLanes: this.inLanes,
      writeBack: this.#writeBack,
      shardRow: (shard) => this.#shardRow(shard),
    })
    this.outboxes = sinkLanes.map((lanes, i) => new SinkOutbox(lanes, plan.sinks[i]!.name, recovered))
    this.stage = new Stage(this, this.#run, epoch, this.#sealer.removals)
    this.#restore(epoch, recovered)
    this.links = linkUp(this, epoch, peers)
    this.batch.clear()
  }

  get number(): number {
    return this.#sealer.number
  }

  get cut(): number {
    return this.#sealer.cut
  }

  /** Rows that must be read before `run` can go on. */
  get missing(): readonly Row[] {
    return this.cache.missing
  }

  /** Whether a seal would commit anything. */
  get hasWork(): boolean {
    if (
      this.batch.count > 0 ||
      this.links?.hasTaken === true ||
      this.stage.queries.waiting ||
      this.#flushing ||
      this.inLanes.hasTouched ||
      this.outLanes.hasTouched
    )
      return true
    for (const lane of this.sources.all())
      if (lane.changed || !lane.planned || lane.next !== lane.sealedNext) return true
    return this.number === 0
  }

  /** What a handler has at this moment. Undefined: none runs. */
  get handling(): { readonly route: string; readonly key: string; readonly message: unknown } | undefined {
    const { handling, currentRoute, currentKey: key, currentMessage: message } = this.#run
    return handling ? { route: this.plan.routes[currentRoute]!.name, key, message } : undefined
  }

  /** Dead letters that were ever written to the store. */
  get deadLetters(): number {
    return this.#sealer.deadLetters
  }

  /** Whether messages wait inside the group for the next commit. */
  get hasWaiting(): boolean {
    return this.stage.hasWaiting
  }

  /** Whether sinks and other groups lag so far behind that sources should wait. */
  get congested(): boolean {
    let bytes = this.outLanes.waitingBytes
    for (const outbox of this.outboxes) bytes += outbox.waitingBytes
    return bytes > limits.maxUnconfirmedBytes
  }

  get nextTimerAtMs(): number | undefined {
    return this.timers.queue.nextAtMs
  }

  /** Opens a batch, if none with messages is open. `ctx.now` is the same for all of it, and never goes back. */
  begin(nowMs: number): void {
    if (this.#begun && this.batch.count > 0) return
    this.#begun = true
    this.batch.nowMs = Math.max(nowMs, this.#sealer.nowMs)
    this.stage.waiting()
  }

  /** The next seals write rows back until nothing is left for one of them: as of that one the store's rows are the whole state. */
  flush(): void {
    this.#flushing = true
  }

  /** Whether more seals are needed for that. */
  get flushing(): boolean {
    return this.#flushing
  }

  /** Stages record i of those that the intake has begun. It is handled while it is warm, but not before keys that are gathered are enough. */
  record(i: number, local: boolean): void {
    this.intake.record(i, local)
    const isEnough = !this.cache.gathers || this.batch.keyedCount >= fetched
    if (isEnough && this.#loading === 0 && this.#executor.settled) this.run()
  }

  /** Handles what is staged. False: read `missing`, tell `loaded`, call again. Throws when the worker must stop. */
  run(): boolean {
    if (this.batch.keyedCount > 0) this.cache.resolve(this.batch, this.#entities)
    return this.#executor.run()
  }

  /** Takes the rows that are missing; they must all be told to `loaded`. */
  takeMissing(): Row[] {
    const rows = this.cache.missing.filter((row) => row.status === Status.absent)
    this.cache.missing = []
    this.#loading += rows.length
    return rows
  }

  loaded(row: Row, value: Uint8Array | undefined): void {
    this.#loading -= 1
    this.cache.loaded(row, value)
  }

  /** Entities that were forgotten in this batch: their stored activities must be told to `listed` before the seal. */
  takeForgotten(): Row[] {
    return this.#executor.forgotten.splice(0)
  }

  /** The partners that the store knows of a forgotten entity. */
  listed(row: Row, elements: readonly string[]): void {
    for (const element of elements)
      if (this.cache.child(row, Field.activity, element).status === Status.absent)
        this.cache.forgetChild(row, Field.activity, element, this.batch.serial)
  }

  /** Closes the batch. Undefined: a state cannot be kept; call `run` again, which finds the message that made it so. */
  seal(): SealedCommit | undefined {
    let sealed: { readonly record: Uint8Array; readonly outputs: readonly (PendingOutputs | undefined)[] }
    try {
      sealed = this.#sealer.seal()
    } catch (error) {
      if (!(error instanceof Unsealable)) throw error
      this.#executor.startOverLookingAt(error.row)
      return undefined
    }
    const { number } = this.#sealer
    this.inLanes.sealed(number)
    this.links?.sealed(number)
    if (this.outLanes.waitingCount > limits.maxWaitingMessages)
      throw amplifyingCycle(this.outLanes, this.options.group, this.catalog)
    sealed.outputs.forEach((outputs, i) => outputs && this.outboxes[i]!.add(outputs))
    const { rows, cells } = this.#writeBack.take(this.#flushing)
    if (this.#writeBack.lowestNeeded === Number.POSITIVE_INFINITY) this.#flushing = false
    const truncateBelow = this.#truncate(number, rows)
    if (this.catalog.changed) {
      rows.push([catalogKey, this.catalog.encode()])
      this.catalog.changed = false
    }
    this.#inFlight.push({
      number,
      cells,
      answers: this.#executor.answers.slice(),
      retried: this.stage.retries.settle(this.#executor.outcomes),
      gets: this.stage.queries.take(),
      sources: [...this.sources.all()].map((lane) => ({ lane, next: lane.sealedNext, planned: lane.planned })),
    })
    const { handled } = this.#executor.view
    this.handledCount += this.batch.count
    this.#begun = false
    this.#effects.clear()
    this.#executor.clear()
    this.cache.settle(this.batch.serial)
    this.batch.clear()
    return {
      number,
      record: sealed.record,
      rows,
      truncateBelow,
      nowMs: this.#sealer.nowMs,
      cut: this.#sealer.cut,
      handled,
    }
  }

  /** Commit `number` is durable. Calls back whoever waited for it; what sinks may have now is in their outboxes. */
  durable(number: number, nowMs: number): void {
    const flight = this.#inFlight.shift()
    if (flight?.number !== number) throw new Error(`commit ${number} became durable out of order`)
    land(flight, this.#writeBack)
    this.outLanes.durable(number)
    this.inLanes.durable(number)
    for (const outbox of this.outboxes) outbox.durable(number)
    this.links?.durable(number, nowMs)
  }

  /** Everything that waits for an answer is told that there will be none. */
  abandon(error: Error): void {
    refuse(
      [...this.#inFlight.flatMap(({ answers }) => answers.map(({ envelope }) => envelope)), ...this.batch.envelopes],
      error,
    )
  }

  /** A cut passes (RULE 9): everything sealed so far is before it. */
  startCut(cut: number): void {
    this.#sealer.cut = Math.max(cut, this.#sealer.cut)
  }

  #truncate(number: number, rows: (readonly [Uint8Array, Uint8Array | undefined])[]): number {
    let lowest = Math.min(
      number,
      this.#writeBack.lowestNeeded,
      this.outLanes.lowestWaitingCommit ?? Number.POSITIVE_INFINITY,
    )
    for (const outbox of this.outboxes) lowest = Math.min(lowest, outbox.lowestCommit)
    if (lowest > this.#truncatedBelow) {
      this.#truncatedBelow = lowest
      this.#writeBack.dropped(lowest)
      const { chain, nowMs, cut, deadLetters } = this.#sealer
      const header = {
        number,
        chainHigh: chain.high,
        chainLow: chain.low,
        nowMs,
        cut,
        deadLetters,
        sources: this.sources.stored(),
      }
      rows.push([groupKey(this.options.group), encodeGroupHeader(header)])
    }
    return this.#truncatedBelow
  }

  #shardRow(shard: number): LooseRow {
    let row = this.#shardRows.get(shard)
    if (row === undefined) {
      row = shardRow(shard, {
        position: () => this.#sealer.shards.get(shard),
        sinkLanes: this.#sinkLanes,
        inLanes: this.inLanes,
        outLanes: this.outLanes,
      })
      this.#shardRows.set(shard, row)
    }
    return row
  }

  #restore(epoch: number, recovered: Recovered): void {
    const sealer = this.#sealer
    sealer.number = recovered.number
    sealer.chain.high = recovered.chainHigh
    sealer.chain.low = recovered.chainLow
    sealer.nowMs = recovered.nowMs
    sealer.cut = recovered.cut
    sealer.deadLetters = recovered.deadLetters
    sealer.epoch = epoch
    for (const [shard, position] of recovered.shards) sealer.shards.set(shard, position)
    for (const source of recovered.sources) this.sources.restore(source)
    for (const { number, sizeBytes } of recovered.records) this.#writeBack.addRecord(number, costOf(sizeBytes))
    this.#truncatedBelow = recovered.records[0]?.number ?? recovered.number + 1
    restoreRows(recovered, this.cache, this.#writeBack, (shard) => this.#shardRow(shard))
    restoreTimers(recovered, this.timers, this.cache.tables, this.catalog, this.plan)
    restoreLanes(recovered, this.outLanes, this.inLanes, this.catalog, this.plan)
  }
}
