import { Chain } from '../base/hash.ts'
import type { Position, SinkMove } from './record.ts'

/** Outputs of one commit for one sink, waiting until the sink has them. Positions are of the lanes it moves. */
export interface PendingOutputs {
  readonly commit: number
  readonly count: number
  readonly buffer: Uint8Array
  readonly starts: ArrayLike<number>
  readonly ends: ArrayLike<number>
  readonly shards: ArrayLike<number>
  readonly keys: string[] | undefined
  readonly positions: readonly LaneAt[]
}

/** Outputs of a batch that is being sealed for one sink: where they lie in the record. */
export interface SealedOutputs {
  count: number
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly shards: Uint16Array
  readonly keys: string[] | undefined
}

/** Room for `size` outputs. */
export function sealedOutputs(size: number, keyed: boolean): SealedOutputs {
  return {
    count: 0,
    starts: new Uint32Array(size),
    ends: new Uint32Array(size),
    shards: new Uint16Array(size),
    keys: keyed ? [] : undefined,
  }
}

export interface LaneAt extends Position {
  readonly shard: number
}

/**
 * The lanes from the shards of a group to one sink. Every lane counts its outputs 1, 2, 3, ... and chains a hash over them, so
 * that a sink that comes back can be compared with the outbox (RULE 4).
 */
export class SinkLanes {
  /** Position in the plan's sinks. */
  readonly sink: number
  /** Number of the sink's name on disk. */
  readonly id: number
  readonly #numbers: number[]
  readonly #chains: (Chain | undefined)[]
  /** Lanes that moved since `takeMoves`, and where they were before. */
  readonly #moved: boolean[]
  #moves: { readonly shard: number; readonly before: Position }[] = []

  constructor(sink: number, id: number, shardCount: number) {
    this.sink = sink
    this.id = id
    this.#numbers = new Array<number>(shardCount).fill(0)
    this.#chains = new Array<Chain | undefined>(shardCount).fill(undefined)
    this.#moved = new Array<boolean>(shardCount).fill(false)
  }

  at(shard: number): Position {
    const chain = this.#chains[shard]
    return { number: this.#numbers[shard]!, chainHigh: chain?.high ?? 0, chainLow: chain?.low ?? 0 }
  }

  restore(shard: number, position: Position): void {
    this.#numbers[shard] = position.number
    this.#chains[shard] = new Chain(position.chainHigh, position.chainLow)
  }

  add(shard: number, bytes: Uint8Array, start: number, end: number): void {
    let chain = this.#chains[shard]
    if (!this.#moved[shard]) {
      this.#moved[shard] = true
      this.#moves.push({ shard, before: this.at(shard) })
    }
    if (chain === undefined) this.#chains[shard] = chain = new Chain()
    chain.add(bytes, start, end)
    this.#numbers[shard]! += 1
  }

  /** The lanes that moved since the last call. */
  takeMoves(): SinkMove[] {
    const moves = this.#moves.map(({ shard, before }) => ({ sink: this.id, shard, before, after: this.at(shard) }))
    for (const { shard } of moves) this.#moved[shard] = false
    this.#moves = []
    return moves
  }
}
