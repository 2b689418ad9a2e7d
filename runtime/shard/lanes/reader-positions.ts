import type { SourcePosition } from './ports.ts'

/** Before every record there is. */
const beginning = Number.NEGATIVE_INFINITY

interface ReaderPosition {
  readonly source: number
  readonly partition: string
  /** The next offset that the peer needs in this session. */
  need: number
  /** Whether the reader goes on from `need` without leaving anything out. */
  live: boolean
  durable: number
}

/**
 * The source partitions on a link, at the end that reads (RULE 8). They begin anew with every session: at what the peer has
 * durably, and asleep until the reader says that it stands at or before it.
 */
export class ReaderPositions {
  readonly #lanes = new Map<string, ReaderPosition>()
  /** Records come in runs. */
  #last: ReaderPosition | undefined = undefined

  /** A welcome: where the peer is. A partition that it does not know it needs from the beginning. */
  restart(positions: readonly SourcePosition[]): void {
    for (const lane of this.#lanes.values()) {
      lane.need = lane.durable = beginning
      lane.live = false
    }
    for (const { source, partition, next } of positions) {
      const lane = this.#lane(source, partition)
      lane.need = lane.durable = next
    }
  }

  sleep(): void {
    for (const lane of this.#lanes.values()) lane.live = false
  }

  need(source: number, partition: string): number {
    return this.#lane(source, partition).need
  }

  /** Whether the peer still needs the record at `offset`, and the reader has left out nothing before it. */
  wants(source: number, partition: string, offset: number): boolean {
    const lane = this.#lane(source, partition)
    return lane.live && offset >= lane.need
  }

  isLive(source: number, partition: string): boolean {
    return this.#lane(source, partition).live
  }

  wakeUp(source: number, partition: string): void {
    this.#lane(source, partition).live = true
  }

  durable(source: number, partition: string): number {
    return this.#lane(source, partition).durable
  }

  /** Whether the peer must be told that everything before `next` was handed over; if so, it is taken as told. */
  moveTo(source: number, partition: string, next: number): boolean {
    const lane = this.#lane(source, partition)
    if (!lane.live || next <= lane.need) return false
    lane.need = next
    return true
  }

  acked({ source, partition, next }: SourcePosition): void {
    const lane = this.#lane(source, partition)
    lane.durable = Math.max(lane.durable, next)
  }

  #lane(source: number, partition: string): ReaderPosition {
    const last = this.#last
    if (last !== undefined && last.source === source && last.partition === partition) return last
    const key = `${source}/${partition}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = { source, partition, need: beginning, live: false, durable: beginning }
      this.#lanes.set(key, lane)
    }
    this.#last = lane
    return lane
  }
}
