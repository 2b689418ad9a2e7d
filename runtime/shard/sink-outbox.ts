import { MillraceError } from '../base/errors.ts'
import { Fifo } from '../base/fifo.ts'
import { Chain } from '../base/hash.ts'
import { origin, type Position } from './record.ts'
import type { Recovered } from './recover.ts'
import type { RecoveredOutputs } from './recovered-outputs.ts'
import type { LaneAt, PendingOutputs, SinkLanes } from './sink-lanes.ts'

/**
 * Outputs that are durably decided and that a sink has not confirmed. They stay in their commit records until it has.
 *
 * P1 Nothing is handed out before its commit is durable (RULE 1), nor before the sink has said how far it is.
 * P2 A sink that is not somewhere between what was dropped and what was sent, on the same history, is refused (RULE 4).
 */
export class SinkOutbox {
  readonly #name: string
  /** In the order of commits; the first `#released` were handed out. */
  #queue = new Fifo<PendingOutputs>()
  #released = 0
  #durable = 0
  #opened = false
  #bytes = 0
  /** Until the sink has opened. */
  #recovered: RecoveredOutputs | undefined
  readonly #sink: number
  readonly #bases: ReadonlyMap<number, Position>
  /** As of the opening: what is committed since, the sink cannot have. */
  readonly #lasts: ReadonlyMap<number, Position>

  constructor(lanes: SinkLanes, name: string, recovered: Recovered) {
    this.#name = name
    this.#sink = lanes.id
    this.#recovered = recovered.outputs
    this.#durable = recovered.number
    const bases = new Map<number, Position>()
    const lasts = new Map<number, Position>()
    for (const { sink, shard, base, last } of recovered.sinkPositions.values()) {
      if (sink !== lanes.id) continue
      bases.set(shard, base)
      lasts.set(shard, last)
      lanes.restore(shard, last)
    }
    this.#bases = bases
    this.#lasts = lasts
  }

  get opened(): boolean {
    return this.#opened
  }

  get waitingBytes(): number {
    return this.#bytes
  }

  /** The lowest commit whose outputs the sink may not have. */
  get lowestCommit(): number {
    const first = this.#recovered?.firstCommit(this.#sink)
    if (first !== undefined) return first
    return this.#queue.first?.commit ?? Number.POSITIVE_INFINITY
  }

  /** The sink says how far it is. `remembers`: it keeps positions, so that a lane without one is at its beginning. Throws MR_SINK_DIVERGED. */
  open(positions: readonly LaneAt[], keyed: boolean, remembers: boolean): void {
    const reached = new Map(positions.map((position) => [position.shard, position]))
    if (remembers)
      for (const shard of this.#bases.keys()) if (!reached.has(shard)) this.#checkBounds({ ...origin, shard })
    for (const at of positions) this.#checkBounds(at)
    /** By shard. */
    const lanes: LaneAgain[] = []
    for (const [shard, base] of this.#bases) {
      const chain = new Chain(base.chainHigh, base.chainLow)
      lanes[shard] = {
        number: base.number,
        chain,
        reached: reached.get(shard),
        batch: undefined,
        position: undefined,
      }
      this.#checkChain(reached.get(shard), base.number, base.chainHigh, base.chainLow)
    }
    const again: Returned[] = []
    const recovered = this.#recovered!
    for (let i = 0; i < recovered.count; i++) {
      const { commit, sink, shard, buffer, start, end } = recovered.read(i)
      if (sink !== this.#sink) continue
      const lane = lanes[shard]!
      lane.chain.add(buffer, start, end)
      lane.number += 1
      const at = lane.reached
      this.#checkChain(at, lane.number, lane.chain.high, lane.chain.low)
      if (at !== undefined && lane.number <= at.number) continue
      let batch = again.at(-1)
      if (batch?.commit !== commit) again.push((batch = returned(commit, buffer, keyed)))
      batch.starts.push(start)
      batch.ends.push(end)
      batch.shards.push(shard)
      batch.keys?.push(recovered.keyOf(i))
      batch.count += 1
      if (lane.batch !== batch) {
        lane.batch = batch
        batch.positions.push((lane.position = { shard, ...origin }))
      }
      const position = lane.position!
      position.number = lane.number
      position.chainHigh = lane.chain.high
      position.chainLow = lane.chain.low
    }
    this.#recovered = undefined
    this.#opened = true
    const since = this.#queue
    this.#queue = new Fifo()
    for (const batch of again) this.add(batch)
    for (let i = 0; i < since.size; i++) this.#queue.push(since.at(i)!)
  }

  add(outputs: PendingOutputs): void {
    this.#queue.push(outputs)
    this.#bytes += sizeOf(outputs)
  }

  /** Commits up to this one are durable. */
  durable(commit: number): void {
    this.#durable = commit
  }

  /** What may be handed to the sink now. */
  takeReleased(): PendingOutputs[] {
    if (!this.#opened) return []
    const released: PendingOutputs[] = []
    while (this.#released < this.#queue.size && this.#queue.at(this.#released)!.commit <= this.#durable)
      released.push(this.#queue.at(this.#released++)!)
    return released
  }

  /** The sink has the oldest batch that was handed out. */
  confirmed(): void {
    const batch = this.#queue.shift()!
    this.#released -= 1
    this.#bytes -= sizeOf(batch)
  }

  #checkBounds(at: LaneAt): void {
    const last = this.#lasts.get(at.shard)?.number ?? 0
    const base = this.#bases.get(at.shard)?.number ?? 0
    if (at.number > last)
      throw this.#diverged(`has output ${at.number} of shard ${at.shard}, but only ${last} were ever committed`)
    if (at.number < base)
      throw this.#diverged(
        `is at output ${at.number} of shard ${at.shard}, but outputs up to ${base} were confirmed and dropped`,
      )
  }

  #checkChain(at: LaneAt | undefined, number: number, high: number, low: number): void {
    if ((at?.number ?? 0) !== number) return
    if (at === undefined) {
      if (number === 0) return
    } else if (at.chainHigh === high && at.chainLow === low) return
    else if (number === 0) return
    throw this.#diverged(`holds other outputs than were committed, up to number ${number}`)
  }

  #diverged(what: string): MillraceError {
    return new MillraceError('MR_SINK_DIVERGED', `sink "${this.#name}" ${what}`, {
      next: 'The sink and the data folder do not belong together: put back the one that was replaced or restored, or start with a new data folder and an empty sink',
    })
  }
}

/** Outputs that are sent again. */
interface Returned extends PendingOutputs {
  count: number
  readonly starts: number[]
  readonly ends: number[]
  readonly shards: number[]
  readonly positions: LaneAt[]
}

/** A lane while its outputs are gone through. */
interface LaneAgain {
  number: number
  readonly chain: Chain
  /** Where the sink is. */
  readonly reached: LaneAt | undefined
  /** The last batch that has something of it, and where the lane is at the end of that. */
  batch: Returned | undefined
  position: { readonly shard: number; number: number; chainHigh: number; chainLow: number } | undefined
}

function returned(commit: number, buffer: Uint8Array, keyed: boolean): Returned {
  const keys = keyed ? [] : undefined
  return { commit, count: 0, buffer, starts: [], ends: [], shards: [], keys, positions: [] }
}

function sizeOf(batch: PendingOutputs): number {
  let size = 64 * batch.count
  for (let i = 0; i < batch.count; i++) size += batch.ends[i]! - batch.starts[i]!
  return size
}
