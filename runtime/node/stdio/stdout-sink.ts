import type { Buffer } from 'node:buffer'
import type { Writable } from 'node:stream'
import { MillraceError, messageOf } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'
import { checkOutput, type Framing } from '../files/framing.ts'
import { OutputBuffer } from '../files/output-buffer.ts'

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
  #filling: OutputBuffer
  #spare: OutputBuffer
  #waiting: Done[] = []
  #failed: MillraceError | undefined
  #running: Promise<void> | undefined
  readonly #onError = (error: Error): void => {
    this.#fail(error)
  }

  constructor(options: StdoutSinkOptions) {
    this.sink = options.sink
    this.#framing = options.framing
    this.#output = options.output ?? process.stdout
    this.#filling = new OutputBuffer(options.framing)
    this.#spare = new OutputBuffer(options.framing)
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
    if (this.#failed === undefined) {
      const wrong = this.#filling.add(batch)
      if (wrong >= 0) this.#fail(new Error(`output ${wrong} of a batch does not fit the framing ${this.#framing}`))
    }
    this.#waiting.push(done)
    this.#running ??= Promise.resolve().then(() => this.#run())
  }

  async close(): Promise<void> {
    await this.#running
    this.#output.off('error', this.#onError)
  }

  /** One write at a time; what comes meanwhile goes out together in the next. Rejects only when a `done` throws. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const dones = this.#waiting
      const buffer = this.#filling
      this.#waiting = []
      this.#filling = this.#spare
      this.#spare = buffer
      if (this.#failed === undefined) await this.#send(buffer.bytes.subarray(0, buffer.length))
      buffer.clear()
      for (const done of dones) done(this.#failed)
    }
    this.#running = undefined
  }

  #send(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#output.write(bytes, (error) => {
        if (error) this.#fail(error)
        resolve()
      })
    })
  }

  #fail(error: Error): void {
    this.#failed ??= new MillraceError('MR_SINK_FAILED', `writing to standard output failed: ${messageOf(error)}`, {
      next: 'Check who reads it (a pipe whose reader has ended fails like this), and start again: what was not written is kept',
      certain: false,
      cause: error,
    })
  }
}
