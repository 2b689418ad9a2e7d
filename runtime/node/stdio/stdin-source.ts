import { Buffer } from 'node:buffer'
import type { Readable } from 'node:stream'
import { MillraceError, messageOf } from '../../base/errors.ts'
import { maxMessageBytes } from '../../base/limits.ts'
import type { RecordBatch, SourcePartition } from '../../ports/source.ts'
import { FileProof } from '../files/byte-window.ts'
import { createCutter } from '../files/create-cutter.ts'
import type { Cutter } from '../files/cutter.ts'
import type { Framing } from '../files/framing.ts'

export interface StdinSourceOptions {
  readonly source: string
  readonly framing: Framing
  readonly wake: () => void
  /** Default: standard input. */
  readonly input?: Readable
  readonly maxRecordBytes?: number
}

/** Bytes taken from the stream that no poll has asked for yet, beyond which the stream waits. */
const aheadBytes = 1 << 20

interface Kept {
  readonly position: number
  readonly bytes: Uint8Array
}

/**
 * Standard input as a partition. It cannot be read again, so what the rules say about reading again holds only as far as
 * memory goes, and nothing of it holds across a restart:
 *
 * - While the process lives, everything that was not confirmed is kept, and `seek` may go back to it. Before that:
 *   MR_SOURCE_FAILED.
 * - After a restart, positions count on from the last one and reading goes on with whatever comes then. Records that the
 *   process had read but not committed are gone, unless their writer sends them again: at most once, across a crash.
 * - There is no proof of what was before.
 */
export function openStdinSource(options: StdinSourceOptions): SourcePartition {
  return new StdinSource(options)
}

class StdinSource implements SourcePartition {
  readonly source: string
  readonly partition: string = '0'
  readonly #options: StdinSourceOptions
  readonly #input: Readable
  /** In the order of the stream: what is not confirmed. The first `#fed` of them are with the cutter. */
  readonly #kept: Kept[] = []
  #fed = 0
  #waitingBytes = 0
  #cutter: Cutter | undefined
  /** Position after everything that came. */
  #arrived = -1
  #ended = false
  #broken: MillraceError | undefined
  #lost: MillraceError | undefined

  constructor(options: StdinSourceOptions) {
    this.source = options.source
    this.#options = options
    this.#input = options.input ?? process.stdin
  }

  seek(next: number, _proof: string): void {
    const first = this.#arrived < 0
    if (first) this.#arrived = next
    this.#lost = undefined
    const oldest = this.#kept[0]?.position ?? this.#arrived
    if (next < oldest || next > this.#arrived) {
      this.#lost = new MillraceError(
        'MR_SOURCE_FAILED',
        `standard input cannot be read again from byte ${next}: bytes ${oldest} to ${this.#arrived} are kept`,
        { next: 'Start again; to be able to go back further, read from a file' },
      )
      return
    }
    const { framing, maxRecordBytes = maxMessageBytes } = this.#options
    this.#cutter = createCutter(framing, {
      name: 'standard input',
      position: next,
      proof: new FileProof(),
      maxRecordBytes,
      afterUnterminated: false,
    })
    this.#fed = this.#kept.findIndex((kept) => kept.position + kept.bytes.length > next)
    if (this.#fed < 0) this.#fed = this.#kept.length
    this.#waitingBytes = this.#kept.slice(this.#fed).reduce((sum, kept) => sum + kept.bytes.length, 0)
    if (first) this.#listen()
  }

  poll(maxRecords: number): RecordBatch | undefined {
    const cutter = this.#cutter
    if (cutter === undefined || this.#lost !== undefined) return undefined
    for (;;) {
      const batch = cutter.cut(maxRecords)
      if (batch !== undefined) return { ...batch, proof: '' }
      if (cutter.failed !== undefined || !this.#feed(cutter)) break
    }
    const last = this.#ended && maxRecords > 0 ? cutter.finish() : undefined
    return last === undefined ? undefined : { ...last, proof: '' }
  }

  get atEnd(): boolean {
    return this.#ended && this.#fed === this.#kept.length && this.#cutter?.dry === true && this.#cutter.ended
  }

  get failed(): MillraceError | undefined {
    if (this.#lost !== undefined) return this.#lost
    if (this.#cutter?.failed !== undefined) return this.#cutter.failed
    return this.#fed === this.#kept.length && this.#cutter?.dry === true ? this.#broken : undefined
  }

  confirm(next: number): void {
    let known = 0
    while (known < this.#fed && this.#kept[known]!.position + this.#kept[known]!.bytes.length <= next) known += 1
    this.#kept.splice(0, known)
    this.#fed -= known
  }

  close(): Promise<void> {
    this.#input.off('data', this.#onData)
    this.#input.off('end', this.#onEnd)
    this.#input.off('error', this.#onError)
    // A stream that nobody listens to must not keep the process alive.
    this.#input.pause()
    this.#cutter = undefined
    return Promise.resolve()
  }

  #feed(cutter: Cutter): boolean {
    const kept = this.#kept[this.#fed]
    if (kept === undefined) return false
    this.#fed += 1
    this.#waitingBytes -= kept.bytes.length
    if (this.#waitingBytes < aheadBytes && this.#input.isPaused()) this.#input.resume()
    // Only the first one after a seek can begin in its middle, and then there is nothing to put in front of it.
    cutter.feed(kept.bytes, cutter.fed - kept.position, kept.bytes.length)
    return true
  }

  #listen(): void {
    this.#input.on('data', this.#onData)
    this.#input.on('end', this.#onEnd)
    this.#input.on('error', this.#onError)
  }

  readonly #onData = (chunk: Buffer | string): void => {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#kept.push({ position: this.#arrived, bytes })
    this.#arrived += bytes.length
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes >= aheadBytes) this.#input.pause()
    this.#options.wake()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#options.wake()
  }

  readonly #onError = (error: Error): void => {
    this.#broken = new MillraceError('MR_SOURCE_FAILED', `reading standard input failed: ${messageOf(error)}`, {
      next: 'Check what is piped into this process, and start again',
      cause: error,
    })
    this.#options.wake()
  }
}
