import { Chain } from '../../base/hash.ts'
import { origin, type Position } from '../record.ts'

export interface LaneMessage { readonly route: number; readonly key: string; readonly timeMs: number; readonly idHigh: number; readonly idLow: number; readonly buffer: Uint8Array; readonly start: number; readonly end: number }
export interface LaneEntry extends LaneMessage, Position { readonly from: number; readonly to: number; readonly commit: number }
interface Lane { from: number; to: number; sent: Position; pruned: Position; waiting: LaneEntry[] }

/** Stand-in until the lanes land. */
export class OutLanes {
  readonly #lanes = new Map<number, Lane>()
  #touched = new Set<Lane>()
  #fresh: LaneEntry[] = []
  get hasTouched(): boolean { return this.#touched.size > 0 }
  get lowestWaitingCommit(): number { let low = Infinity; for (const lane of this.#lanes.values()) if (lane.waiting.length > 0) low = Math.min(low, lane.waiting[0]!.commit); return low }
  #lane(from: number, to: number): Lane { const id = from * 4096 + to; let lane = this.#lanes.get(id); if (!lane) this.#lanes.set(id, (lane = { from, to, sent: origin, pruned: origin, waiting: [] })); return lane }
  append(from: number, to: number, message: LaneMessage, commit: number): LaneEntry {
    const lane = this.#lane(from, to); const chain = new Chain(lane.sent.chainHigh, lane.sent.chainLow); chain.add(message.buffer, message.start, message.end)
    lane.sent = { number: lane.sent.number + 1, chainHigh: chain.high, chainLow: chain.low }
    const entry = { ...message, ...lane.sent, from, to, commit }; lane.waiting.push(entry); this.#fresh.push(entry); return entry
  }
  takeLocal(owns: (shard: number) => boolean): LaneEntry[] { const list = this.#fresh.filter(({ to }) => owns(to)); this.#fresh = []; return list }
  prune(from: number, to: number, position: Position): void { const lane = this.#lane(from, to); lane.waiting = lane.waiting.filter(({ number }) => number > position.number); lane.pruned = position; this.#touched.add(lane) }
  takeTouched(): { from: number; to: number; pruned: Position }[] { const list = [...this.#touched]; this.#touched = new Set(); return list }
  durable(_commit: number): void {}
  restoreLane(from: number, to: number, sent: Position, pruned: Position): void { const lane = this.#lane(from, to); lane.sent = sent; lane.pruned = pruned }
  restoreEntry(from: number, to: number, e: LaneMessage & Position & { commit: number }): void { const lane = this.#lane(from, to); if (e.number <= lane.pruned.number) return; const entry = { ...e, from, to }; lane.waiting.push(entry); this.#fresh.push(entry); if (e.number > lane.sent.number) lane.sent = { number: e.number, chainHigh: e.chainHigh, chainLow: e.chainLow } }
  ofShard(shard: number): (readonly [number, Position, Position])[] { return [...this.#lanes.values()].filter(({ from }) => from === shard).map(({ to, sent, pruned }) => [to, sent, pruned] as const) }
}
