import { MillraceError } from '../../base/errors.ts'
import { Cutter, type CutterOptions } from './cutter.ts'

/** Records framed by a big-endian length of two or four bytes. A position that is no record's start cannot be noticed. */
export class FrameCutter extends Cutter {
  protected readonly prefix: 2 | 4

  constructor(options: CutterOptions, prefix: 2 | 4) {
    super(options)
    this.prefix = prefix
  }

  protected scan(maxRecords: number): number {
    const { bytes, end, starts, ends, prefix, limit } = this
    const wide = prefix === 4
    let at = this.at
    let count = 0
    while (count < maxRecords) {
      const content = at + prefix
      if (content > end) break
      const size = wide
        ? ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
        : (bytes[at]! << 8) | bytes[at + 1]!
      if (size > limit) {
        this.at = at
        if (count === 0) this.#broken(`a record of ${size} bytes, more than ${limit}, is announced`)
        return count
      }
      const stop = content + size
      if (stop > end) break
      starts[count] = content
      ends[count++] = stop
      at = stop
    }
    this.at = at
    this.dry = count < maxRecords || at === end
    return count
  }

  protected last(): boolean {
    if (this.end > this.at) this.#broken(`a record begins, and only ${this.end - this.at} bytes of it are there`)
    return false
  }

  #broken(what: string): void {
    this.failed = new MillraceError(
      'MR_FRAMING_BROKEN',
      `at byte ${this.position} of ${this.name} ${what} (framing u${this.prefix * 8})`,
      {
        next: 'Check the framing of this end, and whether the file was cut off or is still being written (then follow it)',
      },
    )
  }
}
