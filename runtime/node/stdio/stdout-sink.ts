import type { Writable } from 'node:stream'
import { MillraceError, messageOf } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'
import { checkOutput, type Framing } from '../files/framing.ts'
import { OutputBuffer } from '../files/output-buffer.ts'
import { GroupWriter } from '../group-writer.ts'

export interface StdoutSinkOptions {
  readonly sink: string
  readonly framing: Framing
  /** Default: standard output. */
  readonly output?: Writable
}

/**
 * Standard output as a sink. It keeps no positions, so after a crash outputs whose confirmation was not committed yet come
 * again: at least once. `done` says that the system has taken the bytes, not that anybody has read them.
 */
export function openStdoutSink(options: StdoutSinkOptions): SinkPort {
  return new StdoutSink(options)
}

type Done = (error: MillraceError | undefined) => void

class StdoutSink implements SinkPort {
  readonly sink: string
  readonly guarantee = 'at-least-once'
  readonly #framing: Framing
  readonly #output: Writable
  /** One write at a time; what comes meanwhile goes out together in the next. */
  readonly #writer: GroupWriter<OutputBuffer>
  readonly #spare: OutputBuffer[] = []
  /** Why the stream takes nothing any more. */
  #broken: MillraceError | undefined
  readonly #onError = (error: Error): void => {
    this.#broken ??= notWritten(error)
  }

  constructor(options: StdoutSinkOptions) {
    this.sink = options.sink
    this.#framing = options.framing
    this.#output = options.output ?? process.stdout
    this.#writer = new GroupWriter({
      begin: () => this.#spare.pop() ?? new OutputBuffer(options.framing),
      send: (buffer) => this.#send(buffer),
    })
  }

  check(bytes: Uint8Array, start: number, end: number): MillraceError | undefined {
    return checkOutput(this.#framing, bytes, start, end)
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    // Without a listener an error of the stream (a reader that went away) would end the process.
    this.#output.on('error', this.#onError)
    void Promise.resolve().then(() => done(undefined, []))
  }

  write(batch: OutputBatch, done: Done): void {
    this.#writer.add((buffer) => {
      const wrong = buffer.add(batch)
      if (wrong < 0) return undefined
      return notWritten(new Error(`output ${wrong} of a batch does not fit the framing ${this.#framing}`))
    }, done)
  }

  async close(): Promise<void> {
    await this.#writer.settled()
    this.#output.off('error', this.#onError)
  }

  async #send(buffer: OutputBuffer): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    await new Promise<void>((resolve, reject) => {
      this.#output.write(buffer.bytes.subarray(0, buffer.length), (error) =>
        error ? reject(notWritten(error)) : resolve(),
      )
    })
    buffer.clear()
    this.#spare.push(buffer)
  }
}

function notWritten(cause: Error): MillraceError {
  return new MillraceError('MR_SINK_FAILED', `writing to standard output failed: ${messageOf(cause)}`, {
    next: 'Check who reads it (a pipe whose reader has ended fails like this), and start again: what was not written is kept',
    certain: false,
    cause,
  })
}
