import { randomInt } from 'node:crypto'
import { assert } from '../../../base/assert.ts'
import type { MillraceError } from '../../../base/errors.ts'
import { laneWentBack, sinkFenced } from '../../../ports/sink-refusals.ts'
import type { LanePosition, OutputBatch } from '../../../ports/sink.ts'
import { patiently } from '../../patiently.ts'
import type { KafkaClient } from '../client.ts'
import { isFenced, isRetriable, KafkaFailure } from '../failure.ts'
import type { OutputGroup } from './output-group.ts'
import { type Positions, sameLanes } from './positions-record.ts'
import { PositionsTopic } from './positions-topic.ts'
import { outputsLost } from './sink-errors.ts'
import { TopicSink, type TopicSettings } from './topic-sink.ts'

export interface ExactlyOnceSettings extends TopicSettings {
  /** What makes this sink the same one after a restart. It is the transactional id. */
  readonly id: string
  readonly transactionTimeoutMs: number
  /** How long transactions of others on the positions may be open before the sink fails. Default: longer than brokers let them. */
  readonly settledMs?: number
}

/**
 * Writes outputs and lane positions to a topic in transactions, so that readers of committed records see each output once.
 *
 * X1 One transaction at a time holds the outputs of one or more batches (with `latest` the last one of each key; positions count
 *    the others, too), and one record with the positions after them (see PositionsTopic). Either both are there for a reader, or neither is.
 * X2 Positions are read after the transactional id was initialised, never before: then no transaction of anybody else with this
 *    id can still be committed.
 * X3 A transaction whose end is not known is neither repeated nor taken as failed: the id is initialised, and the positions say
 *    what happened to it.
 * X4 Whoever committed the last positions owns the sink. An opening commits them once, unchanged, under a number of its own; who
 *    reads another number than its own is fenced, and never writes again. (The broker's epoch alone cannot tell a successor from
 *    a transaction that took too long.)
 */
export class ExactlyOnceSink extends TopicSink<ExactlyOnceSettings> {
  readonly guarantee = 'effectively-once'
  readonly #topic: PositionsTopic
  readonly #owner: number = randomInt(2 ** 47)
  /** Whose the sink was before. */
  #previousOwner: number | undefined
  /** As of the last transaction that is known to be committed. */
  #positions: Positions = { owner: 0, lanes: new Map(), written: new Map() }
  /** After all that was taken. */
  #taken = new Map<number, LanePosition>()

  constructor(client: KafkaClient, settings: ExactlyOnceSettings) {
    const { topic, id, transactionTimeoutMs, settledMs } = settings
    super(client, settings, client.producer({ transactionalId: id, transactionTimeoutMs }))
    this.#topic = new PositionsTopic(client, topic, id, settledMs)
  }

  protected async prepare(): Promise<readonly LanePosition[]> {
    // Nobody waits for an opening any more once it is closed.
    const mayOpen = (error: unknown): boolean => !this.closed && mayGoWell(error)
    await patiently(this.settings.patienceMs, mayOpen, async () => {
      await this.#topic.prepare()
      await this.producer.open()
      const found = await this.#topic.read(true)
      const { lanes, written } = found ?? { lanes: new Map(), written: new Map() }
      if (found?.owner !== this.#owner) this.#previousOwner = found?.owner
      await this.#checkContent(written)
      const claim = { owner: this.#owner, lanes, written }
      await this.producer.send([this.#topic.batch(claim, Date.now())])
      await this.producer.commit()
      this.#positions = claim
    })
    this.#taken = new Map(this.#positions.lanes)
    return [...this.#positions.lanes.values()]
  }

  protected take({ positions }: OutputBatch): MillraceError | undefined {
    for (const { shard, number } of positions) {
      const known = this.#taken.get(shard)?.number ?? 0
      if (number <= known) return laneWentBack(`topic ${this.settings.topic}`, shard, number, known)
    }
    for (const position of positions) this.#taken.set(position.shard, position)
    return undefined
  }

  protected async send(group: OutputGroup): Promise<void> {
    const rounds = group.finish()
    if (rounds.length === 0) return
    const lanes = new Map(this.#taken)
    const before = this.#positions
    let isUnknown = false
    await patiently(this.settings.patienceMs, mayGoWell, async () => {
      if (isUnknown && (await this.#wasCommitted(before, lanes))) return
      isUnknown = true
      await this.#transaction(rounds, lanes)
    })
  }

  /** Whether the topic still has what was written to it. */
  async #checkContent(written: Positions['written']): Promise<void> {
    const { topic } = this.settings
    if (written.size === 0) return
    const ends = await this.client.offsets(topic, [...written.keys()], 'high')
    for (const [partition, next] of written) {
      const end = ends.get(partition) ?? 0
      if (end < next) throw outputsLost(topic, partition, end, next)
    }
  }

  async #transaction(rounds: ReturnType<OutputGroup['finish']>, lanes: Map<number, LanePosition>): Promise<void> {
    const after: Positions = { owner: this.#owner, lanes, written: this.#positions.written }
    const written = new Map(this.#positions.written)
    const content = rounds.map((round) => [...round])
    // With the last of them, so that it costs no round of its own.
    content.at(-1)!.push(this.#topic.batch(after, Date.now()))
    for (const round of content) {
      for (const { topic, partition, next } of await this.producer.send(round))
        if (topic === this.settings.topic) written.set(partition, next)
    }
    await this.producer.commit()
    this.#positions = { ...after, written }
  }

  /** X3: what became of the transaction. Throws MR_FENCED. */
  async #wasCommitted(before: Positions, lanes: Map<number, LanePosition>): Promise<boolean> {
    const where = `topic ${this.settings.topic}`
    // Not yet with a new epoch: a successor that is well is left alone. (What was committed a moment ago may not be seen yet.)
    const seen = (await this.#topic.read(false))?.owner
    if (seen !== this.#owner && seen !== this.#previousOwner) throw sinkFenced(where)
    await this.producer.open()
    const found = await this.#topic.read(true)
    if (found?.owner !== this.#owner) throw sinkFenced(where)
    if (sameLanes(found.lanes, before.lanes)) return false
    assert(sameLanes(found.lanes, lanes), 'positions are those before a transaction of our own, or those after it')
    this.#positions = { ...found, written: before.written }
    return true
  }
}

/** What the producer says when the brokers have forgotten, or ended, what it was doing: a new epoch helps. */
const forgotten: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_TXN_STATE',
])

function mayGoWell(error: unknown): boolean {
  return isRetriable(error) || isFenced(error) || (error instanceof KafkaFailure && forgotten.has(error.kind))
}
