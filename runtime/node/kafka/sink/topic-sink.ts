import { assert } from '../../../base/assert.ts'
import type { MillraceError } from '../../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../../ports/sink.ts'
import { GroupWriter } from '../../group-writer.ts'
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

/** What sinks on a topic have in common. */
export abstract class TopicSink<Settings extends TopicSettings = TopicSettings> implements SinkPort {
  abstract readonly guarantee: SinkPort['guarantee']
  readonly sink: string
  protected readonly client: KafkaClient
  protected readonly settings: Settings
  protected readonly producer: KafkaProducer
  protected closed = false
  readonly #writer: GroupWriter<OutputGroup>
  #turn = 0
  #isOpen = false
  #opening: Promise<void> | undefined

  protected constructor(client: KafkaClient, settings: Settings, producer: KafkaProducer) {
    this.sink = settings.sink
    this.client = client
    this.settings = settings
    this.producer = producer
    this.#writer = new GroupWriter({
      begin: () => new OutputGroup(settings, Date.now(), this.#turn++),
      send: (group) =>
        this.send(group).catch((error: unknown) => {
          throw topicNotWritable(settings.topic, 'writing to', error, false)
        }),
    })
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
    this.#writer.add((group) => {
      const refusal = this.take(batch)
      if (refusal === undefined) group.add(batch)
      return refusal
    }, done)
  }

  async close(): Promise<void> {
    this.closed = true
    await this.#opening
    await this.#writer.settled()
    await this.client.close()
  }

  /** Opens the producer, and answers with the positions of the lanes. */
  protected abstract prepare(): Promise<readonly LanePosition[]>
  /** Told of a batch when it comes. Why it cannot be taken; undefined: it can. */
  protected abstract take(batch: OutputBatch): MillraceError | undefined
  /** Sends everything that was taken since the last call: no more of it comes. */
  protected abstract send(group: OutputGroup): Promise<void>
}
