import { assert } from '../../../base/assert.ts'
import type { MillraceError } from '../../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../../ports/sink.ts'
import type { KafkaClient, KafkaProducer } from '../client.ts'
import { isRetriable, KafkaFailure } from '../failure.ts'
import { patiently } from '../patiently.ts'
import { OutputGroup, type OutputSettings } from './output-group.ts'
import { outputTooLarge, topicNotWritable } from './sink-errors.ts'

export interface PlainSettings extends OutputSettings {
  readonly sink: string
  readonly patienceMs: number
  readonly maxOutputBytes: number
}

type Done = (error: MillraceError | undefined) => void

/**
 * Writes outputs to a topic without transactions: they are seen sooner, and after a crash or an error some come again. It keeps
 * no positions: what was not confirmed is written again.
 */
export class PlainSink implements SinkPort {
  readonly sink: string
  readonly guarantee = 'at-least-once'
  readonly #client: KafkaClient
  readonly #settings: PlainSettings
  readonly #producer: KafkaProducer
  #filling: OutputGroup | undefined
  #turn = 0
  #failed: MillraceError | undefined
  #opening: Promise<void> | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(client: KafkaClient, settings: PlainSettings) {
    this.sink = settings.sink
    this.#client = client
    this.#settings = settings
    this.#producer = client.producer({ transactionalId: undefined, transactionTimeoutMs: 60_000 })
  }

  check(_bytes: Uint8Array, start: number, end: number): MillraceError | undefined {
    const { maxOutputBytes } = this.#settings
    return end - start > maxOutputBytes ? outputTooLarge(end - start, maxOutputBytes) : undefined
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    this.#opening = patiently(this.#settings.patienceMs, mayGoWell, () => this.#producer.open()).then(
      () => {
        if (!this.#closed) done(undefined, [])
      },
      (error: unknown) => {
        if (!this.#closed) done(topicNotWritable(this.#settings.topic, 'opening', error, true))
      },
    )
  }

  write(batch: OutputBatch, done: Done): void {
    assert(this.#opening !== undefined && !this.#closed, 'a sink is written to between open and close')
    this.#filling ??= new OutputGroup(this.#settings, Date.now(), this.#turn++)
    this.#filling.add(batch)
    this.#filling.dones.push(done)
    // Not from inside the call, and together with what else comes in this turn.
    this.#running ??= Promise.resolve().then(() => this.#run())
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening
    await this.#running
    await this.#client.close()
  }

  /** Sends group after group until none is left. Rejects only when a `done` throws. */
  async #run(): Promise<void> {
    for (let group = this.#filling; group !== undefined; group = this.#filling) {
      const { dones } = group
      this.#filling = undefined
      this.#failed ??= await this.#send(group.finish()).then(
        () => undefined,
        (error: unknown) => topicNotWritable(this.#settings.topic, 'writing to', error, false),
      )
      for (const done of dones) done(this.#failed)
    }
    this.#running = undefined
  }

  async #send(rounds: ReturnType<OutputGroup['finish']>): Promise<void> {
    for (const round of rounds) {
      let isUnknown = false
      await patiently(this.#settings.patienceMs, mayGoWell, async () => {
        // After an error the brokers may or may not have it: it comes again, in a sequence of its own.
        if (isUnknown) await this.#producer.open()
        isUnknown = true
        await this.#producer.send(round)
      })
    }
  }
}

function mayGoWell(error: unknown): boolean {
  return isRetriable(error) || (error instanceof KafkaFailure && /SEQUENCE|PRODUCER_ID/.test(error.kind))
}
