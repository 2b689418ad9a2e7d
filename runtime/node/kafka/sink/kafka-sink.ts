import { brokerStartMs } from '../../../base/limits.ts'
import type { OutputBatch, SinkPort } from '../../../ports/sink.ts'
import type { KafkaClient } from '../client.ts'
import { isAway } from '../failure.ts'
import { patiently } from '../../patiently.ts'
import type { Compression } from '../wire/compression.ts'
import type { RecordHeader } from '../wire/record-buffer.ts'
import { ExactlyOnceSink } from './exactly-once-sink.ts'
import type { OutputPlace } from './output-group.ts'
import { PlainSink } from './plain-sink.ts'
import { topicNotWritable } from './sink-errors.ts'

export interface KafkaSinkOptions {
  readonly sink: string
  readonly topic: string
  /** Belongs to the sink from now on. */
  readonly client: KafkaClient
  readonly guarantee: 'exactly-once' | 'idempotent' | 'at-least-once'
  /** The same after every restart, and nobody else's. */
  readonly id: string
  readonly compression: Compression
  /** Of the outputs with one key that leave together only the last is written. They need keys then. */
  readonly latest: boolean
  readonly transactionTimeoutMs: number
  readonly patienceMs?: number
  /** How long transactions of others on the positions may be open at the start. */
  readonly settledMs?: number
  /** Headers for an output, beside those of the guarantee. */
  readonly headersOf?: ((bytes: Uint8Array) => readonly RecordHeader[]) | undefined
}

/** What a broker takes if nothing else is set: its default for max.message.bytes. */
const usualMessageBytes = 1_048_588
/** Room for what is around an output: the batch, its key (1 KiB at most), its headers. */
const aroundBytes = 4_096
/** Larger batches gain nothing. */
const largestBatchBytes = 512 << 10

/**
 * A topic as a sink. Asks how large a record may be and how many partitions there are; the sink itself is opened later.
 *
 * @throws MR_SINK_FAILED
 */
export async function openKafkaSink(options: KafkaSinkOptions): Promise<SinkPort> {
  const { client, topic, sink, id, guarantee, compression, latest, transactionTimeoutMs, headersOf } = options
  const { patienceMs = 120_000, settledMs } = options
  const settled = settledMs === undefined ? {} : { settledMs }
  try {
    const { partitions, limit } = await patiently(brokerStartMs, isAway, async () => ({
      partitions: (await client.partitions(topic)).size,
      limit: Number((await client.topicSetting(topic, 'max.message.bytes')) ?? usualMessageBytes),
    }))
    const maxOutputBytes = Math.max(limit - aroundBytes, 0)
    const maxBatchBytes = Math.min(largestBatchBytes, maxOutputBytes)
    const shared = { sink, topic, partitions, compression, latest, maxBatchBytes, patienceMs, maxOutputBytes }
    const ofBytes = headersOf && (({ batch, index }: OutputPlace) => headersOf(outputAt(batch, index)))
    if (guarantee === 'exactly-once')
      return new ExactlyOnceSink(client, { ...shared, id, transactionTimeoutMs, headersOf: ofBytes, ...settled })
    if (guarantee === 'at-least-once') return new PlainSink(client, { ...shared, headersOf: ofBytes })
    const names = new OutputNames(id)
    return new PlainSink(client, {
      ...shared,
      headersOf: (place) => [{ name: 'millrace-id', value: names.nameOf(place) }, ...(ofBytes?.(place) ?? [])],
    })
  } catch (error) {
    await client.close()
    throw topicNotWritable(topic, 'opening', error, true)
  }
}

function outputAt({ buffer, starts, ends }: OutputBatch, index: number): Uint8Array {
  return buffer.subarray(starts[index], ends[index])
}

/** Names outputs: each the same whenever it is written, and different from all others. They are asked for in their order; some may be left out. */
class OutputNames {
  readonly #id: string
  #batch: OutputBatch | undefined
  /** The first output of the batch that is not counted yet. */
  #next = 0
  /** The number of the last output of each lane that is counted. */
  readonly #numbers = new Map<number, number>()

  constructor(id: string) {
    this.#id = id
  }

  nameOf({ batch, index }: OutputPlace): string {
    if (this.#batch !== batch) this.#begin(batch)
    for (; this.#next <= index; this.#next++) {
      const passed = batch.shards[this.#next]!
      this.#numbers.set(passed, this.#numbers.get(passed)! + 1)
    }
    const shard = batch.shards[index]!
    return `${this.#id}/${shard}/${this.#numbers.get(shard)!}`
  }

  #begin(batch: OutputBatch): void {
    this.#batch = batch
    this.#next = 0
    this.#numbers.clear()
    for (const { shard, number } of batch.positions) this.#numbers.set(shard, number)
    for (let i = 0; i < batch.count; i++) {
      const shard = batch.shards[i]!
      this.#numbers.set(shard, this.#numbers.get(shard)! - 1)
    }
  }
}
