import type { MillraceError } from '../../base/errors.ts'
import { maxMessageBytes } from '../../base/limits.ts'
import type { RecordBatch, SourcePartition } from '../../ports/source.ts'
import { FileProof, isUnterminated } from './byte-window.ts'
import type { Cutter } from './cutter.ts'
import { createCutter } from './create-cutter.ts'
import { FileReader } from './file-reader.ts'
import type { Framing } from './framing.ts'

export interface FileSourceOptions {
  readonly source: string
  readonly path: string
  readonly framing: Framing
  /** Wait for the file to grow. Otherwise its end is the end, and a last line needs no line break. */
  readonly follow: boolean
  readonly wake: () => void
  readonly chunkBytes?: number
  /** How many chunks are read before they are asked for. */
  readonly aheadChunks?: number
  /** How often a followed file is looked at where notifications do not reach. */
  readonly pollMs?: number
  readonly maxRecordBytes?: number
}

/**
 * A file as a partition. Offsets are bytes from the file's beginning; the partition's name does not contain the path, so that a
 * moved file goes on where it was, and the proof notices another one.
 */
export function openFileSource(options: FileSourceOptions): SourcePartition {
  return new FileSource(options)
}

class FileSource implements SourcePartition {
  readonly source: string
  readonly partition: string = '0'
  readonly #options: FileSourceOptions
  #reader: FileReader | undefined
  #cutter: Cutter | undefined
  /** Readers of older seeks that have not let go of the file yet. */
  readonly #leaving = new Set<Promise<void>>()

  constructor(options: FileSourceOptions) {
    this.source = options.source
    this.#options = options
  }

  seek(next: number, proof: string): void {
    this.#leave()
    const { path, framing, follow, wake, chunkBytes = 512 << 10, aheadChunks = 4, pollMs = 200 } = this.#options
    const fileProof = new FileProof()
    const reading = { path, position: next, proof, follow, chunkBytes, aheadChunks, pollMs, wake }
    this.#reader = new FileReader(reading, fileProof)
    this.#cutter = createCutter(framing, {
      name: path,
      position: next,
      proof: fileProof,
      maxRecordBytes: this.#options.maxRecordBytes ?? maxMessageBytes,
      afterUnterminated: isUnterminated(proof),
    })
  }

  poll(maxRecords: number): RecordBatch | undefined {
    const reader = this.#reader
    const cutter = this.#cutter
    if (reader === undefined || cutter === undefined) return undefined
    for (;;) {
      const batch = cutter.cut(maxRecords)
      if (batch !== undefined || cutter.failed !== undefined) return batch
      const chunk = reader.take()
      if (chunk === undefined) break
      cutter.feed(chunk.bytes, chunk.start, chunk.end)
    }
    return reader.atEnd && !this.#options.follow && maxRecords > 0 ? cutter.finish() : undefined
  }

  get hasMore(): boolean {
    return this.#reader?.empty === false
  }

  get atEnd(): boolean {
    const reader = this.#reader
    const cutter = this.#cutter
    if (reader === undefined || cutter === undefined || !reader.atEnd || !reader.empty || !cutter.dry) return false
    return this.#options.follow || cutter.ended
  }

  get failed(): MillraceError | undefined {
    const reader = this.#reader
    const cutter = this.#cutter
    if (cutter?.failed !== undefined) return cutter.failed
    // Whole records that were read before it failed are given first.
    return reader?.failed !== undefined && reader.empty && cutter?.dry === true ? reader.failed : undefined
  }

  /** A file keeps everything anyway. */
  confirm(_next: number): void {}

  async close(): Promise<void> {
    this.#leave()
    this.#cutter = undefined
    await Promise.all(this.#leaving)
  }

  #leave(): void {
    const leaving = this.#reader?.stop()
    this.#reader = undefined
    if (leaving === undefined) return
    this.#leaving.add(leaving)
    void leaving.then(() => this.#leaving.delete(leaving))
  }
}
