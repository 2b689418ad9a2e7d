/** Something for each lane, found by the shards it leads from and to. A row for each shard: a map of all would be hashed for every message. */
export class LaneTable<Lane> {
  readonly #rows: (Lane | undefined)[][] = []
  readonly #all: Lane[] = []

  get(from: number, to: number): Lane | undefined {
    return this.#rows[from]?.[to]
  }

  set(from: number, to: number, lane: Lane): void {
    while (this.#rows.length <= from) this.#rows.push([])
    const row = this.#rows[from]!
    while (row.length < to) row.push(undefined)
    row[to] = lane
    this.#all.push(lane)
  }

  /** In the order in which they were set. */
  get all(): readonly Lane[] {
    return this.#all
  }
}

/** A lane's place in a set. Shards are below 4,096 (maxShardCount). */
export function laneKey(from: number, to: number): number {
  return from * 4_096 + to
}
