import type { Position } from '../record.ts'

/** Stand-in until the lanes land: positions of lanes that enter this group. */
export class InLanes {
  readonly #lanes = new Map<number, { from: number; to: number; position: Position }>()
  #touched = new Set<number>()
  get hasTouched(): boolean { return this.#touched.size > 0 }
  advance(from: number, to: number, position: Position): void { const id = from * 4096 + to; this.#lanes.set(id, { from, to, position }); this.#touched.add(id) }
  restore(from: number, to: number, position: Position): void { this.#lanes.set(from * 4096 + to, { from, to, position }) }
  takeTouched(): { from: number; to: number; position: Position }[] { const list = [...this.#touched].map((id) => this.#lanes.get(id)!); this.#touched = new Set(); return list }
  durable(_commit: number): void {}
  ofShard(shard: number): (readonly [number, Position])[] { return [...this.#lanes.values()].filter(({ to }) => to === shard).map(({ from, position }) => [from, position] as const) }
}
