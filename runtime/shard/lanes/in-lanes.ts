import { origin, type Position } from '../record.ts'
import { LaneTable } from './lane-table.ts'

export interface InLaneMove {
  readonly lane: InLane
  readonly position: Position
}

/** How far one lane has come at its receiver. `number` and its chain are staged; `durable` is what may be told. */
export class InLane {
  readonly from: number
  readonly to: number
  number: number
  chainHigh: number
  chainLow: number
  durable: Position
  touched = false
  /** The receipt that it was added to last (receipts.ts). */
  receipt: readonly InLane[] | undefined = undefined

  constructor(from: number, to: number, position: Position) {
    this.from = from
    this.to = to
    this.number = position.number
    this.chainHigh = position.chainHigh
    this.chainLow = position.chainLow
    this.durable = position
  }

  get staged(): Position {
    const { number, chainHigh, chainLow } = this
    return { number, chainHigh, chainLow }
  }
}

/**
 * The lanes that enter the shards of a group: the watermarks.
 *
 * I1 The staged position moves when a message is taken into a batch, by one, and never back: a group that drops a batch is
 *    opened anew from its store.
 * I2 The durable position moves to what was staged at a seal when that commit is durable.
 */
export class InLanes {
  readonly #lanes = new LaneTable<InLane>()
  readonly #byShard = new Map<number, InLane[]>()
  #touched: InLane[] = []
  #moves: readonly InLaneMove[] = []
  #sealed: { readonly commit: number; readonly moves: readonly InLaneMove[] }[] = []

  /** The lane, which is at 0 if nothing ever came. */
  lane(from: number, to: number): InLane {
    const known = this.#lanes.get(from, to)
    if (known !== undefined) return known
    const lane = new InLane(from, to, origin)
    this.#lanes.set(from, to, lane)
    const list = this.#byShard.get(to)
    if (list === undefined) this.#byShard.set(to, [lane])
    else list.push(lane)
    return lane
  }

  /** A message was taken into the batch. */
  advance(lane: InLane, number: number, chainHigh: number, chainLow: number): void {
    lane.number = number
    lane.chainHigh = chainHigh
    lane.chainLow = chainLow
    if (lane.touched) return
    lane.touched = true
    this.#touched.push(lane)
  }

  /** Whether any lane moved since the last seal. */
  get hasTouched(): boolean {
    return this.#touched.length > 0
  }

  /** For the commit record: where the lanes that moved since the last seal stand now. `sealed` follows. */
  takeTouched(): readonly InLaneMove[] {
    const touched = this.#touched
    if (touched.length === 0) return []
    this.#touched = []
    this.#moves = touched.map((lane) => {
      lane.touched = false
      return { lane, position: lane.staged }
    })
    return this.#moves
  }

  /** What `takeTouched` gave last is in this commit. */
  sealed(commit: number): void {
    if (this.#moves.length > 0) this.#sealed.push({ commit, moves: this.#moves })
    this.#moves = []
  }

  durable(commit: number): void {
    let done = 0
    for (; done < this.#sealed.length && this.#sealed[done]!.commit <= commit; done++) {
      for (const { lane, position } of this.#sealed[done]!.moves) lane.durable = position
    }
    if (done > 0) this.#sealed.splice(0, done)
  }

  /** Lanes that enter a shard: for its header. The staged position is what the commit being sealed says. */
  lanesInto(shard: number): readonly InLane[] {
    return this.#byShard.get(shard) ?? []
  }

  all(): readonly InLane[] {
    return this.#lanes.all
  }

  /** For recovery: the highest position stays. */
  restore(from: number, to: number, position: Position): void {
    const lane = this.lane(from, to)
    if (lane.number >= position.number) return
    lane.number = position.number
    lane.chainHigh = position.chainHigh
    lane.chainLow = position.chainLow
    lane.durable = position
  }
}
