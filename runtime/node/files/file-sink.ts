import { assert } from '../../base/assert.ts'
import { MillraceError } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'
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

class Group {
  readonly buffer: OutputBuffer
  positions: LanePosition[] = []
  dones: Done[] = []

  constructor(framing: Framing) {
    this.buffer = new OutputBuffer(framing)
  }

  clear(): void {
    this.buffer.clear()
    this.positions = []
    this.dones = []
  }
}

class AppendingSink implements FileSink {
  readonly sink: string
  readonly guarantee = 'effectively-once'
  readonly #options: FileSinkOptions
  #files: SinkFiles | undefined
  #opening: Promise<void> | undefined
  /** What `write` adds to, and what is not in use. They change places. */
  #filling: Group
  #spare: Group
  /** No batch is taken any more. */
  #failed: MillraceError | undefined
  /** Nor are those that were taken before committed. */
  #broken: MillraceError | undefined
  #refused: Done[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: FileSinkOptions) {
    this.sink = options.sink
    this.#options = options
    this.#filling = new Group(options.framing)
    this.#spare = new Group(options.framing)
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
    const group = this.#filling
    if (this.#failed === undefined) {
      const wrong = group.buffer.add(batch)
      if (wrong >= 0) this.#failed = this.#unfit(batch, wrong)
    }
    if (this.#failed === undefined) {
      for (const position of batch.positions) group.positions.push(position)
      group.dones.push(done)
    } else this.#refused.push(done)
    // Not from inside the call, and together with what else comes in this turn.
    this.#running ??= Promise.resolve().then(() => this.#run())
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#opening
    await this.#running
    await this.#files?.close()
  }

  /** Commits group after group until none is left. Rejects only when a `done` throws. */
  async #run(): Promise<void> {
    const files = this.#files!
    while (this.#filling.dones.length > 0 && this.#broken === undefined) {
      const group = this.#filling
      this.#filling = this.#spare
      this.#spare = group
      const content = group.buffer.bytes.subarray(0, group.buffer.length)
      this.#broken = await files.commit(content, group.positions).then(
        () => undefined,
        (error: MillraceError) => error,
      )
      this.#failed ??= this.#broken
      for (const done of group.dones) done(this.#broken)
      group.clear()
    }
    // In this order: what was taken comes before what was refused. A `done` may write again.
    if (this.#broken !== undefined) {
      for (let done = this.#filling.dones.shift(); done !== undefined; done = this.#filling.dones.shift())
        done(this.#broken)
    }
    for (let done = this.#refused.shift(); done !== undefined; done = this.#refused.shift()) done(this.#failed)
    this.#running = undefined
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
