import type { MillraceError } from '../../runtime/base/errors.ts'
import type { RecordBatch, SourcePartition } from '../../runtime/ports/source.ts'

/** Passes a partition on, and counts what goes through it. */
export class MeteredPartition implements SourcePartition {
  readonly source: string
  readonly partition: string
  readonly start: number
  /** Records that were read since the start, those that were read again included. */
  read = 0
  /** Records that are durable with all that they caused, each once. */
  committed = 0
  /** It has been tried: it gave something, or is at its end, or cannot be read. */
  tried = false
  readonly #inner: SourcePartition
  /** May give nothing for a long time, and be well. */
  readonly #patient: boolean
  /** Batches that are not durable yet: where they ended, and how many of their records were not durable when they were read. */
  readonly #pending: { readonly next: number; readonly fresh: number }[] = []
  /** Everything before it is counted as committed. */
  #committedNext = 0

  constructor(inner: SourcePartition, patient: boolean) {
    this.#inner = inner
    this.#patient = patient
    this.source = inner.source
    this.partition = inner.partition
    this.start = inner.start ?? 0
  }

  seek(next: number, proof: string): void {
    this.#inner.seek(next, proof)
    this.#pending.length = 0
    this.tried ||= this.#patient
  }

  poll(maxRecords: number): RecordBatch | undefined {
    const batch = this.#inner.poll(maxRecords)
    if (batch !== undefined) {
      this.read += batch.count
      this.#pending.push({ next: batch.next, fresh: this.#freshIn(batch) })
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
    while (this.#pending.length > 0 && this.#pending[0]!.next <= next) {
      const { next: end, fresh } = this.#pending.shift()!
      this.committed += fresh
      this.#committedNext = Math.max(this.#committedNext, end)
    }
    this.#inner.confirm(next)
  }

  /** What a worker that has died needs again may be durable already. */
  #freshIn({ offsets, count }: RecordBatch): number {
    let known = 0
    while (known < count && offsets[known]! < this.#committedNext) known += 1
    return count - known
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
