import { assert } from '../../../base/assert.ts'
import { maxKeyBytes } from '../../../base/limits.ts'
import { utf8Write } from '../../../base/utf8.ts'
import type { OutputBatch } from '../../../ports/sink.ts'
import type { ProduceBatch } from '../client.ts'
import type { Compression } from '../wire/compression.ts'
import { partitionOf } from '../wire/murmur2.ts'
import { type RecordHeader, RecordBuffer } from '../wire/record-buffer.ts'

export interface OutputSettings {
  readonly topic: string
  readonly partitions: number
  readonly compression: Compression
  /** Of the outputs with one key in a group only the last is written. All outputs have keys then. */
  readonly latest: boolean
  /** A record batch ends before it is larger. */
  readonly maxBatchBytes: number
  /** What is put into the headers of an output; undefined: nothing. */
  readonly headersOf: ((output: OutputPlace) => readonly RecordHeader[]) | undefined
}

/** One output of a batch. */
export interface OutputPlace {
  readonly batch: OutputBatch
  readonly index: number
}

/** Outputs that leave together, encoded for their partitions as they come; with `latest` when no more of them come. */
export class OutputGroup {
  readonly #settings: OutputSettings
  readonly #nowMs: number
  /** Where outputs without a key go. */
  readonly #keyless: number
  /** Batches of records that are sent one after the other: each partition is at most once in each. */
  readonly #rounds: Map<number, ProduceBatch>[] = []
  /** With `latest`: what is not encoded yet. */
  readonly #waiting: OutputBatch[] = []
  /** How many of them each partition is in. */
  readonly #depths = new Map<number, number>()
  /** The batch that is being filled, for each partition. */
  readonly #open: (RecordBuffer | undefined)[] = []
  /** The key at hand. */
  #key = new Uint8Array(3 * maxKeyBytes)

  /** `turn`: counts groups, so that outputs without keys are spread. */
  constructor(settings: OutputSettings, nowMs: number, turn: number) {
    this.#settings = settings
    this.#nowMs = nowMs
    this.#keyless = turn % settings.partitions
  }

  /** What there is to send. Nothing is added after that. */
  finish(): readonly (readonly ProduceBatch[])[] {
    const later = new Set<string>()
    const overtaken = this.#waiting.toReversed().map((batch) => overtakenIn(batch, later))
    for (const [i, batch] of this.#waiting.entries()) this.#encode(batch, overtaken.at(-1 - i))
    this.#waiting.length = 0
    return this.#rounds.map((round) => [...round.values()])
  }

  /** The batch stays as it is until it is done. */
  add(batch: OutputBatch): void {
    if (this.#settings.latest) this.#waiting.push(batch)
    else this.#encode(batch, undefined)
  }

  /** `overtaken`: what is left out. */
  #encode(batch: OutputBatch, overtaken: Uint8Array | undefined): void {
    const { partitions, headersOf } = this.#settings
    const { buffer, starts, ends, keys, count } = batch
    for (let i = 0; i < count; i++) {
      if (overtaken?.[i] === 1) continue
      const key = keys === undefined ? undefined : this.#encoded(keys[i]!)
      const partition = key === undefined ? this.#keyless : partitionOf(key, 0, key.length, partitions)
      const headers = headersOf?.({ batch, index: i })
      this.#recordsOf(partition, ends[i]! - starts[i]!).add(key, buffer, starts[i]!, ends[i]!, headers)
    }
  }

  /** Valid until the next call. */
  #encoded(key: string): Uint8Array {
    if (key.length * 3 > this.#key.length) this.#key = new Uint8Array(key.length * 3)
    return this.#key.subarray(0, utf8Write(key, this.#key, 0))
  }

  #recordsOf(partition: number, sizeBytes: number): RecordBuffer {
    const { topic, compression, maxBatchBytes } = this.#settings
    const open = this.#open[partition]
    if (open !== undefined && open.sizeBytes + sizeBytes <= maxBatchBytes) return open
    const depth = this.#depths.get(partition) ?? 0
    const records = new RecordBuffer(this.#nowMs, compression)
    if (this.#rounds.length === depth) this.#rounds.push(new Map())
    this.#rounds[depth]!.set(partition, { topic, partition, records })
    this.#depths.set(partition, depth + 1)
    this.#open[partition] = records
    return records
  }
}

/** 1 for each output whose key is in `later`, or comes again behind it. Adds its keys to `later`. */
function overtakenIn({ keys, count }: OutputBatch, later: Set<string>): Uint8Array {
  assert(keys !== undefined, 'only a sink with keys has latest values')
  const overtaken = new Uint8Array(count)
  for (let i = count - 1; i >= 0; i--) {
    if (later.has(keys[i]!)) overtaken[i] = 1
    else later.add(keys[i]!)
  }
  return overtaken
}
