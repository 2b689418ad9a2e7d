import type { RecordBatch, SourcePartition } from '../source.ts'

/** One record as a test compares it. The bytes are a copy. */
export interface ReadRecord {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Where a reader can go on. */
export interface ReadPosition {
  readonly next: number
  readonly proof: string
  /** Records before it. */
  readonly count: number
}

/**
 * A reader that waits. It trusts R5: where a partition does not wake it, it waits for ever, and the test runs into its time
 * limit.
 */
export class SourceReading {
  readonly partition: SourcePartition
  #woken = false
  #resume: (() => void) | undefined

  constructor(open: (wake: () => void) => SourcePartition) {
    this.partition = open(() => {
      this.#woken = true
      this.#resume?.()
    })
  }

  /** The next batch; undefined when there is none now: at the end, or failed. */
  async batch(maxRecords: number): Promise<RecordBatch | undefined> {
    for (;;) {
      this.#woken = false
      const batch = this.partition.poll(maxRecords)
      if (batch !== undefined || this.partition.failed !== undefined || this.partition.atEnd) return batch
      await this.woken()
    }
  }

  /** Waits until `wake` is called, or was since the last poll. */
  async woken(): Promise<void> {
    if (this.#woken) return
    await new Promise<void>((resolve) => {
      this.#resume = resolve
    })
    this.#resume = undefined
  }

  /** Everything up to the end or the failure, and every position on the way. */
  async rest(maxRecords: number): Promise<{ records: ReadRecord[]; positions: ReadPosition[] }> {
    const records: ReadRecord[] = []
    const positions: ReadPosition[] = []
    for (let batch = await this.batch(maxRecords); batch !== undefined; batch = await this.batch(maxRecords)) {
      records.push(...recordsOf(batch))
      positions.push({ next: batch.next, proof: batch.proof, count: records.length })
    }
    return { records, positions }
  }

  /** Waits for a failure, at the end too. Answers with its code and what came before it. */
  async failure(): Promise<{ code: string; records: ReadRecord[] }> {
    const records: ReadRecord[] = []
    while (this.partition.failed === undefined) {
      const batch = await this.batch(1_000)
      if (batch !== undefined) records.push(...recordsOf(batch))
      else if (this.partition.failed === undefined) await this.woken()
    }
    return { code: this.partition.failed.code, records }
  }
}

export function recordsOf(batch: RecordBatch): ReadRecord[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    offset: batch.offsets[i]!,
    bytes: batch.buffer.slice(batch.starts[i], batch.ends[i]),
  }))
}

/** Opens, reads everything from a position, closes. */
export async function readFrom(
  open: (wake: () => void) => SourcePartition,
  next: number,
  proof: string,
  maxRecords: number = 1_000,
): Promise<{ records: ReadRecord[]; positions: ReadPosition[]; code: string | undefined }> {
  const reading = new SourceReading(open)
  reading.partition.seek(next, proof)
  const read = await reading.rest(maxRecords)
  const code = reading.partition.failed?.code
  await reading.partition.close()
  return { ...read, code }
}
