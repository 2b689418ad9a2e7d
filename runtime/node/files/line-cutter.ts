import { Buffer } from 'node:buffer'
import { MillraceError } from '../../base/errors.ts'
import type { RecordBatch } from '../../ports/source.ts'
import { Cutter, type CutterOptions } from './cutter.ts'
import { CR, LF } from './framing.ts'

/**
 * Records that are lines. A line break is looked for once per byte, by the platform's search.
 *
 * A line longer than the limit is a record all the same, for the runtime to refuse by name: its first `limit + 1` bytes are
 * given, the rest is passed over without being held.
 *
 * Two beginnings are special. In the middle of a line: the first record is the next line. After a last line that had no line
 * break when it was read: only its line break may follow; anything else means that half a line was taken for a whole one.
 */
export class LineCutter extends Cutter {
  protected readonly prefix = 0
  readonly #afterUnterminated: boolean
  #mode: 'begin' | 'lines' | 'in-line' | 'after-unterminated' | 'oversized' = 'begin'
  /** No line break is in `[at, #searched)`. */
  #searched = 0
  /** The same bytes, for a search that is twice as fast as a plain array's. */
  #view: Buffer = Buffer.alloc(0)
  #oversized: Uint8Array | undefined
  #oversizedAt = 0

  constructor(options: CutterOptions) {
    super(options)
    this.#afterUnterminated = options.afterUnterminated
  }

  override get ended(): boolean {
    if (this.#mode === 'oversized') return false
    return (
      super.ended || (this.#mode === 'after-unterminated' && this.end - this.at === 1 && this.bytes[this.at] === CR)
    )
  }

  protected override moved(known: number): void {
    this.#searched = known
    this.#view = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
  }

  protected scan(maxRecords: number): number {
    if (this.#mode !== 'lines' && !this.#toLineStart()) return 0
    const { bytes, end, starts, ends, limit } = this
    const view = this.#view
    let at = this.at
    let from = this.#searched
    let count = 0
    while (count < maxRecords) {
      const found = view.indexOf(LF, from)
      if (found < 0 || found >= end) {
        from = end
        break
      }
      const last = found > at && bytes[found - 1] === CR ? found - 1 : found
      starts[count] = at
      ends[count++] = last - at > limit ? at + limit + 1 : last
      at = found + 1
      from = at
    }
    this.at = at
    this.#searched = from
    this.dry = from === end
    return count
  }

  protected override special(): RecordBatch | undefined {
    if (this.#oversized !== undefined && this.#mode === 'lines') return this.#giveOversized()
    if (this.#mode === 'lines' && this.dry && this.end - this.at > this.limit + 1) {
      this.#oversized = this.bytes.slice(this.at, this.at + this.limit + 1)
      this.#oversizedAt = this.position
      this.#mode = 'oversized'
      this.#consume(this.end)
    }
    return undefined
  }

  protected last(): boolean {
    const { at, end, bytes } = this
    if (this.#mode === 'oversized') return false
    if (end === at || this.#mode === 'in-line') return false
    const last = bytes[end - 1] === CR ? end - 1 : end
    if (this.#mode === 'after-unterminated') {
      if (last > at) this.#grown()
      return false
    }
    this.starts[0] = at
    this.ends[0] = last - at > this.limit ? at + this.limit + 1 : last
    this.at = end
    return true
  }

  override finish(): RecordBatch | undefined {
    if (this.#mode !== 'oversized') return super.finish()
    this.#mode = 'after-unterminated'
    return this.#giveOversized(true)
  }

  /** Passes over what is before the first line, or after the head of an oversized one. Whether a line starts here. */
  #toLineStart(): boolean {
    if (this.#mode === 'begin') {
      const before = this.proof.lastByte
      if (this.#afterUnterminated) this.#mode = 'after-unterminated'
      else this.#mode = before === -1 || before === LF ? 'lines' : 'in-line'
      if (this.#mode === 'lines') return true
    }
    const found = this.#view.indexOf(LF, this.#searched)
    const whole = found >= 0 && found < this.end
    if (this.#mode === 'after-unterminated') {
      const size = (whole ? found : this.end) - this.at
      if (size > 1 || (size === 1 && this.bytes[this.at] !== CR)) {
        this.#grown()
        return false
      }
      if (!whole) {
        this.dry = true
        return false
      }
    }
    this.#consume(whole ? found + 1 : this.end)
    if (!whole) return false
    const gives = this.#mode === 'oversized'
    this.#mode = 'lines'
    return !gives
  }

  #consume(to: number): void {
    this.skip(to)
    this.#searched = to
  }

  #giveOversized(unterminated: boolean = false): RecordBatch {
    const buffer = this.#oversized!
    this.#oversized = undefined
    return {
      count: 1,
      buffer,
      starts: [0],
      ends: [buffer.length],
      offsets: [this.#oversizedAt],
      next: this.position,
      proof: this.prove(unterminated),
    }
  }

  #grown(): void {
    this.failed = new MillraceError(
      'MR_SOURCE_REPLACED',
      `the last line of ${this.name} had no line break when it was read as a record; since then it has grown, at byte ${this.position}`,
      {
        next: 'Have the writer end the last line before the file is read to its end, or follow the file: then a line is read when it is whole',
      },
    )
  }
}
