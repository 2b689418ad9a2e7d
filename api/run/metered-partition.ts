import type { MillraceError } from '../../runtime/base/errors.ts'
import type { RecordBatch, SourcePartition } from '../../runtime/ports/source.ts'

/** Passes a partition on, and counts what goes through it. */
export class MeteredPartition implements SourcePartition {
  readonly source: string
  readonly partition: string
  readonly start: number
  /** Records that were read since the start. */
  read = 0
  /** Of these, how many are durable with all that they caused. */
  committed = 0
  /** It has been tried: it gave something, or is at its end, or cannot be read. */
  tried = false
  readonly #inner: SourcePartition
  /** May give nothing for a long time, and be well. */
  readonly #patient: boolean
  /** Where batches ended that are not durable yet, and how many records that made. */
  readonly #ends: { readonly next: number; readonly read: number }[] = []

  constructor(inner: SourcePartition, patient: boolean) {
    this.#inner = inner
    this.#patient = patient
    this.source = inner.source
    this.partition = inner.partition
    this.start = inner.start ?? 0
  }

  seek(next: number, proof: string): void {
    this.#inner.seek(next, proof)
    this.#ends.length = 0
    this.tried ||= this.#patient
  }

  poll(maxRecords: number): RecordBatch | undefined {
    const batch = this.#inner.poll(maxRecords)
    if (batch !== undefined) {
      this.read += batch.count
      this.#ends.push({ next: batch.next, read: this.read })
      this.tried = true
    } else if (!this.tried) this.tried = this.#inner.atEnd
    return batch
  }

  get hasMore(): boolean {
    return this.#inner.hasMore === true
  }

  get atEnd(): boolean {
    return this.#inner.atEnd
  }

  get failed(): MillraceError | undefined {
    return this.#inner.failed
  }

  confirm(next: number): void {
    while (this.#ends.length > 0 && this.#ends[0]!.next <= next) this.committed = this.#ends.shift()!.read
    this.#inner.confirm(next)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
