import type { MillraceError } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'

type Opened = (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void

/**
 * One sink for several groups. Each is told how far the lanes of its own shards are; a group that opens again (in a new thread)
 * is told when everything that it had written before is durable or has failed.
 */
export class SharedSink {
  readonly #sink: SinkPort
  readonly #ownerOf: (shard: number) => number
  readonly #positions = new Map<number, LanePosition>()
  #state: 'opening' | 'open' | MillraceError = 'opening'
  /** Batches of each group that are under way. */
  readonly #writing = new Map<number, number>()
  #waiting: { readonly group: number; readonly done: Opened }[] = []

  constructor(sink: SinkPort, ownerOf: (shard: number) => number) {
    this.#sink = sink
    this.#ownerOf = ownerOf
    sink.open((error, positions) => {
      for (const position of positions ?? []) this.#positions.set(position.shard, position)
      this.#state = error ?? 'open'
      this.#answer()
    })
  }

  open(group: number, done: Opened): void {
    this.#waiting = this.#waiting.filter((other) => other.group !== group)
    this.#waiting.push({ group, done })
    this.#answer()
  }

  write(group: number, batch: OutputBatch, done: (error: MillraceError | undefined) => void): void {
    this.#writing.set(group, (this.#writing.get(group) ?? 0) + 1)
    this.#sink.write(batch, (error) => {
      this.#writing.set(group, this.#writing.get(group)! - 1)
      if (error === undefined) for (const position of batch.positions) this.#positions.set(position.shard, position)
      done(error)
      this.#answer()
    })
  }

  close(): Promise<void> {
    return this.#sink.close()
  }

  #answer(): void {
    const state = this.#state
    if (state === 'opening') return
    const ready = this.#waiting.filter(({ group }) => (this.#writing.get(group) ?? 0) === 0)
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting))
    for (const { group, done } of ready) {
      if (state !== 'open') done(state)
      else
        done(
          undefined,
          [...this.#positions.values()].filter(({ shard }) => this.#ownerOf(shard) === group),
        )
    }
  }
}
