import { ByteReader } from '../base/bytes.ts'

/** What is known of an output: integers side by side, because objects for all of them cost more than reading the records. */
const Cell = { record: 0, sink: 1, shard: 2, keyAt: 3, start: 4, end: 5 } as const
const cellsPerOutput = 6
const firstCapacity = 1_024

/** Where an output lies in the records. One object says it of one output after the other. */
export interface RecoveredOutput {
  commit: number
  /** Durable number of the sink. */
  sink: number
  shard: number
  /** `buffer[start, end)` is its content. */
  buffer: Uint8Array
  start: number
  end: number
}

/** Outputs in the commit records that are read at open, in order. After a kill there may be very many: they stay bytes in the records. */
export class RecoveredOutputs {
  #count = 0
  #cells = new Int32Array(firstCapacity * cellsPerOutput)
  readonly #records: { readonly number: number; readonly bytes: Uint8Array }[] = []
  /** By sink: the commit of its first output. */
  readonly #firstCommits: number[] = []
  /** What `read` gives. */
  readonly #output: RecoveredOutput = { commit: 0, sink: 0, shard: 0, buffer: new Uint8Array(0), start: 0, end: 0 }

  get count(): number {
    return this.#count
  }

  /** The outputs that are added from now on are of this record. */
  begin(number: number, bytes: Uint8Array): void {
    this.#records.push({ number, bytes })
  }

  /** The record has an output `[start, end)`; the text of its key is at `keyAt`. */
  add(sink: number, shard: number, keyAt: number, start: number, end: number): void {
    const at = this.#count * cellsPerOutput
    if (at === this.#cells.length) this.#grow()
    const record = this.#records.length - 1
    const cells = this.#cells
    cells[at + Cell.record] = record
    cells[at + Cell.sink] = sink
    cells[at + Cell.shard] = shard
    cells[at + Cell.keyAt] = keyAt
    cells[at + Cell.start] = start
    cells[at + Cell.end] = end
    this.#count += 1
    this.#firstCommits[sink] ??= this.#records[record]!.number
  }

  /** Output i. What is returned says the next one after the next call. */
  read(i: number): Readonly<RecoveredOutput> {
    const output = this.#output
    const cells = this.#cells
    const at = i * cellsPerOutput
    const { number, bytes } = this.#records[cells[at + Cell.record]!]!
    output.commit = number
    output.sink = cells[at + Cell.sink]!
    output.shard = cells[at + Cell.shard]!
    output.buffer = bytes
    output.start = cells[at + Cell.start]!
    output.end = cells[at + Cell.end]!
    return output
  }

  keyOf(i: number): string {
    const at = i * cellsPerOutput
    const { bytes } = this.#records[this.#cells[at + Cell.record]!]!
    return new ByteReader(bytes, this.#cells[at + Cell.keyAt]).text()
  }

  /** The commit of the first output for this sink. */
  firstCommit(sink: number): number | undefined {
    return this.#firstCommits[sink]
  }

  #grow(): void {
    const cells = new Int32Array(this.#cells.length * 2)
    cells.set(this.#cells)
    this.#cells = cells
  }
}
