import { assert } from '../base/assert.ts'
import type { MillraceError } from '../base/errors.ts'
import { Chain } from '../base/hash.ts'
import { sourceReplaced, sourceShrank } from './source-refusals.ts'
import type { RecordBatch, SourcePartition } from './source.ts'

export interface ListSourceOptions {
  readonly source: string
  readonly partition?: string
  readonly records: readonly Uint8Array[]
}

/**
 * A list in memory as a partition: what `quotes.from([...])` reads. Offsets are indexes into the list. The proof chains every
 * record before the position, so a program that runs again goes on only if its list begins as it did. It never has to wake
 * anybody: what it has, it has from the start.
 */
export function openListSource(options: ListSourceOptions): SourcePartition {
  return new ListSource(options)
}

class ListSource implements SourcePartition {
  readonly source: string
  readonly partition: string
  failed: MillraceError | undefined
  /** All records, one after the other; record i is `buffer[edges[i], edges[i + 1])`. */
  readonly #buffer: Uint8Array
  readonly #edges: Float64Array
  readonly #count: number
  readonly #chain: Chain = new Chain()
  #next = -1

  constructor(options: ListSourceOptions) {
    this.source = options.source
    this.partition = options.partition ?? '0'
    this.#count = options.records.length
    this.#edges = new Float64Array(this.#count + 1)
    let size = 0
    options.records.forEach((record, i) => {
      size += record.length
      this.#edges[i + 1] = size
    })
    this.#buffer = new Uint8Array(size)
    options.records.forEach((record, i) => this.#buffer.set(record, this.#edges[i]))
  }

  seek(next: number, proof: string): void {
    this.failed = undefined
    this.#chain.high = 0
    this.#chain.low = 0
    this.#next = next
    if (next > this.#count) {
      this.failed = sourceShrank(this.#name(), `record ${next}`, `record ${this.#count}`)
      return
    }
    this.#pass(0, next)
    if (proof === '' || proof === this.#chain.toString()) return
    this.failed = sourceReplaced(this.#name(), `record ${next}`)
  }

  poll(maxRecords: number): RecordBatch | undefined {
    const from = this.#next
    assert(from >= 0, 'seek comes before the first poll')
    const count = Math.min(maxRecords, this.#count - from)
    if (this.failed !== undefined || count <= 0) return undefined
    this.#next = from + count
    this.#pass(from, this.#next)
    return {
      count,
      buffer: this.#buffer,
      starts: this.#edges.subarray(from, this.#next),
      ends: this.#edges.subarray(from + 1, this.#next + 1),
      offsets: Float64Array.from({ length: count }, (_, i) => from + i),
      next: this.#next,
      proof: this.#chain.toString(),
    }
  }

  get atEnd(): boolean {
    return this.failed === undefined && this.#next >= this.#count
  }

  confirm(_next: number): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }

  #name(): string {
    return `the list of source "${this.source}"`
  }

  #pass(from: number, to: number): void {
    for (let i = from; i < to; i++) this.#chain.add(this.#buffer, this.#edges[i]!, this.#edges[i + 1]!)
  }
}
