import type { MillraceError } from '../../runtime/base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../runtime/ports/sink.ts'

/** Passes a sink on, and counts the outputs that it has. */
export class MeteredSink implements SinkPort {
  readonly sink: string
  readonly guarantee: SinkPort['guarantee']
  /** Outputs that are durable in the sink, since the start. */
  written = 0
  readonly check: SinkPort['check']
  readonly #inner: SinkPort

  constructor(inner: SinkPort) {
    this.check = inner.check?.bind(inner)
    this.#inner = inner
    this.sink = inner.sink
    this.guarantee = inner.guarantee
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    this.#inner.open(done)
  }

  write(batch: OutputBatch, done: (error: MillraceError | undefined) => void): void {
    this.#inner.write(batch, (error) => {
      if (error === undefined) this.written += batch.count
      done(error)
    })
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
