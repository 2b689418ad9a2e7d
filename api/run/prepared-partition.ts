import type { MillraceError } from '../../runtime/base/errors.ts'
import type { RecordBatch, SourcePartition } from '../../runtime/ports/source.ts'
import type { Prepared } from '../prepared.ts'

/** Passes a partition on; a batch waits while its format fetches what it needs to decode it. */
export class PreparedPartition implements SourcePartition {
  readonly source: string
  readonly partition: string
  readonly start: number
  readonly #inner: SourcePartition
  readonly #format: Prepared
  readonly #wake: () => void
  #held: RecordBatch | undefined
  #looking = false
  #failed: MillraceError | undefined
  /** Counts `seek` and `close`: what was looked for before is of no use. */
  #seeks = 0

  constructor(inner: SourcePartition, format: Prepared, wake: () => void) {
    this.#inner = inner
    this.#format = format
    this.#wake = wake
    this.source = inner.source
    this.partition = inner.partition
    this.start = inner.start ?? 0
  }

  seek(next: number, proof: string): void {
    this.#seeks += 1
    this.#held = undefined
    this.#looking = false
    this.#failed = undefined
    this.#inner.seek(next, proof)
  }

  poll(maxRecords: number): RecordBatch | undefined {
    if (this.#looking || this.#failed !== undefined) return undefined
    const batch = this.#held ?? this.#inner.poll(maxRecords)
    if (batch === undefined || this.#held !== undefined || !this.#lacks(batch)) {
      this.#held = undefined
      return batch
    }
    this.#held = batch
    this.#looking = true
    const seeks = this.#seeks
    const end = (failed: MillraceError | undefined): void => {
      if (this.#seeks !== seeks) return
      this.#looking = false
      this.#failed = failed
      this.#wake()
    }
    this.#format.look(() => this.#seeks === seeks).then(() => end(undefined), end)
    return undefined
  }

  get hasMore(): boolean {
    return !this.#looking && this.#failed === undefined && this.#inner.hasMore === true
  }

  get atEnd(): boolean {
    return this.#held === undefined && this.#inner.atEnd
  }

  get failed(): MillraceError | undefined {
    return this.#failed ?? this.#inner.failed
  }

  confirm(next: number): void {
    this.#inner.confirm(next)
  }

  close(): Promise<void> {
    this.#seeks += 1
    return this.#inner.close()
  }

  #lacks({ buffer, starts, ends, count }: RecordBatch): boolean {
    for (let i = 0; i < count; i++) if (this.#format.lacks(buffer, starts[i]!, ends[i]!)) return true
    return false
  }
}
