import type { MillraceError } from '../../base/errors.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../ports/sink.ts'

type Opened = (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void

/** A group that has opened the sink, and says which shards are its own. */
export interface SharingGroup {
  readonly group: number
  owns(shard: number): boolean
}

/**
 * One sink for several groups, and for those that come after them. Each is told how far the lanes of its own shards are; a group that
 * opens again (in a new thread, or with other shards) is told when everything that it had written before is durable or has failed.
 */
export class SharedSink {
  readonly #sink: SinkPort
  readonly #positions = new Map<number, LanePosition>()
  #state: 'closed' | 'opening' | 'open' | MillraceError = 'closed'
  /** Batches of each group that are under way. */
  readonly #writing = new Map<number, number>()
  #waiting: { readonly by: SharingGroup; readonly done: Opened }[] = []

  constructor(sink: SinkPort) {
    this.#sink = sink
  }

  open(by: SharingGroup, done: Opened): void {
    if (this.#state === 'closed') this.#open()
    this.#waiting = this.#waiting.filter((other) => other.by.group !== by.group)
    this.#waiting.push({ by, done })
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

  /** The sink as one group of this thread sees it. Its owner closes it. */
  portOf(by: SharingGroup): SinkPort {
    const { sink, guarantee, check } = this.#sink
    return {
      sink,
      guarantee,
      check: check?.bind(this.#sink),
      open: (done) => this.open(by, done),
      write: (batch, done) => this.write(by.group, batch, done),
      close: () => Promise.resolve(),
    }
  }

  #open(): void {
    this.#state = 'opening'
    this.#sink.open((error, positions) => {
      for (const position of positions ?? []) this.#positions.set(position.shard, position)
      this.#state = error ?? 'open'
      this.#answer()
    })
  }

  #answer(): void {
    const state = this.#state
    if (state === 'opening') return
    const ready = this.#waiting.filter(({ by }) => (this.#writing.get(by.group) ?? 0) === 0)
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting))
    for (const { by, done } of ready) {
      if (state !== 'open') done(state as MillraceError)
      else
        done(
          undefined,
          [...this.#positions.values()].filter(({ shard }) => by.owns(shard)),
        )
    }
  }
}
