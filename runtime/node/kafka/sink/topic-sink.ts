import { assert } from '../../../base/assert.ts'
import type { MillraceError } from '../../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../../ports/sink.ts'
import type { KafkaClient, KafkaProducer } from '../client.ts'
import { OutputGroup, type OutputSettings } from './output-group.ts'
import { outputTooLarge, topicNotWritable } from './sink-errors.ts'

export interface TopicSettings extends OutputSettings {
  readonly sink: string
  /** How long brokers may be away before the sink fails. */
  readonly patienceMs: number
  readonly maxOutputBytes: number
}

type Done = Parameters<SinkPort['write']>[1]

/**
 * What sinks on a topic have in common: batches that come while others are being sent gather in one group, groups are sent one
 * after the other, and everybody is told in turn. After the first failure everything fails (O4).
 */
export abstract class TopicSink<Settings extends TopicSettings = TopicSettings> implements SinkPort {
  abstract readonly guarantee: SinkPort['guarantee']
  readonly sink: string
  protected readonly client: KafkaClient
  protected readonly settings: Settings
  protected readonly producer: KafkaProducer
  protected closed = false
  #filling: OutputGroup | undefined
  #turn = 0
  #isOpen = false
  #failed: MillraceError | undefined
  #refused: Done[] = []
  #opening: Promise<void> | undefined
  #running: Promise<void> | undefined

  protected constructor(client: KafkaClient, settings: Settings, producer: KafkaProducer) {
    this.sink = settings.sink
    this.client = client
    this.settings = settings
    this.producer = producer
  }

  check(_bytes: Uint8Array, start: number, end: number): MillraceError | undefined {
    const { maxOutputBytes } = this.settings
    return end - start > maxOutputBytes ? outputTooLarge(end - start, maxOutputBytes) : undefined
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    this.#opening = this.prepare().then(
      (positions) => {
        this.#isOpen = true
        if (!this.closed) done(undefined, positions)
      },
      (error: unknown) => {
        if (!this.closed) done(topicNotWritable(this.settings.topic, 'opening', error, true))
      },
    )
  }

  write(batch: OutputBatch, done: Done): void {
    assert(this.#isOpen && !this.closed, 'a sink is written to between open and close')
    this.#failed ??= this.take(batch)
    if (this.#failed === undefined) {
      this.#filling ??= new OutputGroup(this.settings, Date.now(), this.#turn++)
      this.#filling.add(batch)
      this.#filling.dones.push(done)
    } else this.#refused.push(done)
    // Not from inside the call, and together with what else comes in this turn.
    this.#running ??= Promise.resolve().then(() => this.#run())
  }

  async close(): Promise<void> {
    this.closed = true
    await this.#opening
    await this.#running
    await this.client.close()
  }

  /** Opens the producer, and answers with the positions of the lanes. */
  protected abstract prepare(): Promise<readonly LanePosition[]>
  /** Told of a batch when it comes. Why it cannot be taken; undefined: it can. */
  protected abstract take(batch: OutputBatch): MillraceError | undefined
  /** Sends everything that was taken since the last call: no more of it comes. */
  protected abstract send(group: OutputGroup): Promise<void>

  /** Sends group after group until none is left. Rejects only when a `done` throws. */
  async #run(): Promise<void> {
    let broken: MillraceError | undefined
    for (let group = this.#filling; group !== undefined; group = this.#filling) {
      this.#filling = undefined
      broken ??= await this.send(group).then(
        () => undefined,
        (error: unknown) => topicNotWritable(this.settings.topic, 'writing to', error, false),
      )
      this.#failed ??= broken
      for (const done of group.dones) done(broken)
    }
    // After what was taken. A `done` may write again.
    for (let done = this.#refused.shift(); done !== undefined; done = this.#refused.shift()) done(this.#failed)
    this.#running = undefined
  }
}
