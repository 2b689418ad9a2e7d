import type { MillraceError } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'
import { packOutputs, transferred, type WireOutputs } from './output-wire.ts'

/** What a proxy asks of the thread that has the sink. `sink`: its place in the plan. */
export type SinkCall =
  | { readonly kind: 'sink-open'; readonly sink: number }
  | { readonly kind: 'sink-write'; readonly sink: number; readonly outputs: WireOutputs }

/**
 * A sink of another thread. An outside has one owner: files cannot be appended to by several. The rules O1 to O5 are kept by the
 * one that has it; messages keep their order, so this end only passes on.
 */
export class SinkProxy implements SinkPort {
  readonly sink: string
  readonly guarantee: SinkPort['guarantee']
  readonly check: SinkPort['check']
  readonly #index: number
  readonly #post: (call: SinkCall, transfer: ArrayBuffer[]) => void
  #opening: ((error: MillraceError | undefined, positions?: readonly LanePosition[]) => void) | undefined = undefined
  readonly #writing: ((error: MillraceError | undefined) => void)[] = []

  /** `like`: a sink of this kind that is never opened: it knows what fits. */
  constructor(like: SinkPort, index: number, post: (call: SinkCall, transfer: ArrayBuffer[]) => void) {
    this.sink = like.sink
    this.guarantee = like.guarantee
    this.check = like.check?.bind(like)
    this.#index = index
    this.#post = post
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    this.#opening = done
    this.#post({ kind: 'sink-open', sink: this.#index }, [])
  }

  write(batch: OutputBatch, done: (error: MillraceError | undefined) => void): void {
    this.#writing.push(done)
    const outputs = packOutputs(batch)
    this.#post({ kind: 'sink-write', sink: this.#index, outputs }, transferred(outputs))
  }

  opened(error: MillraceError | undefined, positions?: readonly LanePosition[]): void {
    this.#opening?.(error, positions)
  }

  /** The oldest batch that waits is durable, or failed. */
  written(error: MillraceError | undefined): void {
    this.#writing.shift()?.(error)
  }

  /** The sink itself is closed by whoever has it. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}
