import { assert } from '../../base/assert.ts'
import { MillraceError } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'
import { GroupWriter } from '../group-writer.ts'
import { checkOutput, type Framing } from './framing.ts'
import { OutputBuffer } from './output-buffer.ts'
import { realDisk, type SinkDisk } from './sink-disk.ts'
import { SinkFiles } from './sink-files.ts'

export interface FileSinkOptions {
  readonly sink: string
  readonly path: string
  readonly framing: Framing
  readonly durability: 'disk' | 'process'
  /** Where the files are. Default: the file system. */
  readonly disk?: SinkDisk
}

export interface FileSink extends SinkPort {
  check(bytes: Uint8Array, start: number, end: number): MillraceError | undefined
}

/**
 * Appends outputs to a file, effectively once: see SinkFiles for how content and positions stay together. Batches that come
 * while a commit is under way are committed together by the next one (group commit).
 *
 * An output that its framing cannot hold is refused by `check`, before it is committed. One that comes nonetheless fails the
 * sink: what was written before it is still committed, nothing after it is.
 */
export function openFileSink(options: FileSinkOptions): FileSink {
  return new AppendingSink(options)
}

type Done = (error: MillraceError | undefined) => void

interface Group {
  readonly buffer: OutputBuffer
  readonly positions: LanePosition[]
}

class AppendingSink implements FileSink {
  readonly sink: string
  readonly guarantee = 'effectively-once'
  readonly #options: FileSinkOptions
  #files: SinkFiles | undefined
  #opening: Promise<void> | undefined
  readonly #writer: GroupWriter<Group>
  /** What is not in use: while one is written, another is filled. */
  readonly #spare: OutputBuffer[] = []
  #closed = false

  constructor(options: FileSinkOptions) {
    this.sink = options.sink
    this.#options = options
    this.#writer = new GroupWriter({
      begin: () => ({ buffer: this.#spare.pop() ?? new OutputBuffer(options.framing), positions: [] }),
      send: (group) => this.#commit(group),
    })
  }

  check(bytes: Uint8Array, start: number, end: number): MillraceError | undefined {
    return checkOutput(this.#options.framing, bytes, start, end)
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    const { path, framing, durability, disk = realDisk } = this.#options
    const opening = SinkFiles.open({ path, framing, durability, disk })
    this.#opening = opening.then(
      ({ files, positions }) => {
        this.#files = files
        if (!this.#closed) done(undefined, positions)
      },
      (error: MillraceError) => {
        if (!this.#closed) done(error)
      },
    )
  }

  write(batch: OutputBatch, done: Done): void {
    assert(this.#files !== undefined && !this.#closed, 'a sink is written to between open and close')
    this.#writer.add(({ buffer, positions }) => {
      const wrong = buffer.add(batch)
      if (wrong >= 0) return this.#unfit(batch, wrong)
      for (const position of batch.positions) positions.push(position)
      return undefined
    }, done)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening
    await this.#writer.settled()
    await this.#files?.close()
  }

  async #commit({ buffer, positions }: Group): Promise<void> {
    await this.#files!.commit(buffer.bytes.subarray(0, buffer.length), positions)
    buffer.clear()
    this.#spare.push(buffer)
  }

  #unfit({ buffer, starts, ends }: OutputBatch, index: number): MillraceError {
    const { path, framing } = this.#options
    const cause = this.check(buffer, starts[index]!, ends[index]!)
    return new MillraceError('MR_SINK_FAILED', `an output cannot be written to ${path} with framing ${framing}`, {
      next: cause?.next ?? "Use the framing 'u32'",
      cause,
    })
  }
}
