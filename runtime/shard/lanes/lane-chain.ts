import { ByteWriter } from '../../base/bytes.ts'
import { Chain, murmur3Text } from '../../base/hash.ts'

/** The parts of a message that both ends of a lane chain a hash over. `bytes[start, end)` is its content. */
export interface ChainedMessage {
  readonly route: number
  readonly key: string
  readonly timeMs: number
  readonly idHigh: number
  readonly idLow: number
  readonly start: number
  readonly end: number
}

/**
 * The chain hash of a lane: what a message is, added to everything before it. A route is chained by its name, because
 * numbers of routes belong to one run of one program. `high` and `low` are the result of the last `step`.
 */
export class LaneChain {
  readonly #tags: readonly number[]
  readonly #head = new ByteWriter(64)
  readonly #chain = new Chain()

  constructor(routes: readonly string[]) {
    this.#tags = routes.map((name) => murmur3Text(name, 0x1a9e))
  }

  get high(): number {
    return this.#chain.high
  }

  get low(): number {
    return this.#chain.low
  }

  step(high: number, low: number, message: ChainedMessage, bytes: Uint8Array): void {
    const head = this.#head
    head.clear()
    head.u32(this.#tags[message.route]!)
    head.f64(message.timeMs)
    head.u32(message.idHigh)
    head.u32(message.idLow)
    head.text(message.key)
    this.#chain.high = high
    this.#chain.low = low
    this.#chain.add(head.bytes, 0, head.length)
    this.#chain.add(bytes, message.start, message.end)
  }
}

/** A lane's place in a map. Shards are below 4,096 (maxShardCount). */
export function laneKey(from: number, to: number): number {
  return from * 4_096 + to
}
