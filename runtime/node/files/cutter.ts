import { assert } from '../../base/assert.ts'
import type { MillraceError } from '../../base/errors.ts'
import { maxBatchMessages } from '../../base/limits.ts'
import type { RecordBatch } from '../../ports/source.ts'
import type { FileProof } from './byte-window.ts'

/**
 * Cuts a stream of bytes that comes in chunks into records. The hot path of every byte source: one loop over the chunk, three
 * typed arrays per batch, nothing per record. A record that straddles chunks is joined in the headroom of the later chunk;
 * a buffer is never written to after a batch of it was given out (R2).
 */
export abstract class Cutter {
  /** What the position is in, for errors: a path, or 'standard input'. */
  protected readonly name: string
  protected readonly proof: FileProof
  protected readonly limit: number
  protected bytes: Uint8Array = new Uint8Array(0)
  /** First byte that was not consumed, and the end of what is known, both in `bytes`. */
  protected at = 0
  protected end = 0
  /** What is before this in `bytes` was told to the proof. */
  #proved = 0
  /** Position of `bytes[0]` in the stream. */
  protected base: number
  /** What the loops fill in. */
  protected readonly starts: Int32Array = new Int32Array(maxBatchMessages)
  protected readonly ends: Int32Array = new Int32Array(maxBatchMessages)
  /** Nothing can be cut before more bytes come. */
  dry = true
  failed: MillraceError | undefined

  constructor(options: CutterOptions) {
    this.name = options.name
    this.base = options.position
    this.proof = options.proof
    this.limit = options.maxRecordBytes
  }

  /** Bytes between an offset and its record's content. */
  protected abstract readonly prefix: number
  /** Fills `starts` and `ends`, moves `at`, sets `dry`. Answers with the number of records. */
  protected abstract scan(maxRecords: number): number
  /** Nothing more will come: whether what is left is one last record (put into `starts[0]`, `ends[0]`). May fail. */
  protected abstract last(): boolean

  /** Position after everything that was consumed. */
  get position(): number {
    return this.base + this.at
  }

  /** Position after everything that was fed. */
  get fed(): number {
    return this.base + this.end
  }

  /** Whether `finish` would give nothing. Asked when it is dry. */
  get ended(): boolean {
    return this.at === this.end
  }

  /**
   * The bytes that follow those fed before. `buffer[0, start)` is headroom, which may be overwritten: from a headroom as long
   * as a record, what is left of the last chunk needs no other buffer.
   */
  feed(buffer: Uint8Array, start: number, end: number): void {
    assert(this.dry, 'a chunk is fed only when the one before is used up')
    const position = this.position
    const held = this.end - this.at
    if (held > start) {
      const joined = new Uint8Array(held + end - start)
      joined.set(buffer.subarray(start, end), held)
      end = joined.length
      start = held
      buffer = joined
    }
    start -= held
    buffer.set(this.bytes.subarray(this.at, this.end), start)
    this.bytes = buffer
    this.base = position - start
    this.at = start
    this.#proved = start
    this.end = end
    this.dry = start === end
    this.moved(start + held)
  }

  /** Told when `bytes` is another buffer. What is before `known` was seen by a scan already. */
  protected moved(_known: number): void {}

  cut(maxRecords: number): RecordBatch | undefined {
    if (this.failed !== undefined || this.dry || maxRecords <= 0) return undefined
    const count = this.scan(Math.min(maxRecords, maxBatchMessages))
    return count > 0 ? this.#batch(count, false) : this.special()
  }

  /** A batch that no chunk holds as it is. Asked when `scan` found nothing. */
  protected special(): RecordBatch | undefined {
    return undefined
  }

  /** The stream ends here. May be asked again. */
  finish(): RecordBatch | undefined {
    if (this.failed !== undefined) return undefined
    return this.last() ? this.#batch(1, true) : undefined
  }

  /** What a position here remembers. */
  protected prove(unterminated: boolean): string {
    this.proof.push(this.bytes, this.#proved, this.at)
    this.#proved = this.at
    return this.proof.write(unterminated)
  }

  /** Moves on without giving a record. */
  protected skip(to: number): void {
    this.proof.push(this.bytes, this.#proved, to)
    this.#proved = to
    this.at = to
    this.dry = to === this.end
  }

  #batch(count: number, unterminated: boolean): RecordBatch {
    const starts = this.starts.slice(0, count)
    const base = this.base - this.prefix
    const offsets = new Float64Array(count)
    for (let i = 0; i < count; i++) offsets[i] = base + starts[i]!
    return {
      count,
      buffer: this.bytes,
      starts,
      ends: this.ends.slice(0, count),
      offsets,
      next: this.position,
      proof: this.prove(unterminated),
    }
  }
}

export interface CutterOptions {
  readonly name: string
  /** Where the stream begins. */
  readonly position: number
  /** Knows what is before the position. */
  readonly proof: FileProof
  readonly maxRecordBytes: number
  /** The position is after a last line that had no line break. */
  readonly afterUnterminated: boolean
}
