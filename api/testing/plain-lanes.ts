import type { Prng } from '../../runtime/base/prng.ts'

/** A message that waits for its entity. */
export interface PlainMessage {
  readonly route: number
  readonly key: string
  readonly bytes: Uint8Array
  readonly timeMs: number
  readonly id: string
  /** Who sent it, for people. */
  readonly from: string
  /** How often it has failed. */
  readonly attempts: number
}

interface Lane {
  readonly messages: PlainMessage[]
  readonly weight: number
}

/**
 * Messages by lane: a lane is from one origin (a source, or all entities of one key) to one key. Each lane keeps its order;
 * between lanes the seed decides. Most of the time it prefers some lanes to others by far: that brings about the orders that a
 * coin for every message would hardly ever throw, such as one source before the other.
 */
export class PlainLanes {
  readonly #prng: Prng
  /** Undefined: there is a choice. */
  readonly #arrivals: PlainMessage[] | undefined
  readonly #lanes = new Map<string, Lane>()
  readonly #weights = new Map<string, number>()

  constructor(prng: Prng, asTheyCame: boolean) {
    this.#prng = prng
    this.#arrivals = asTheyCame ? [] : undefined
  }

  get isEmpty(): boolean {
    return this.#lanes.size === 0 && (this.#arrivals?.length ?? 0) === 0
  }

  put(origin: string, message: PlainMessage): void {
    if (this.#arrivals !== undefined) {
      this.#arrivals.push(message)
      return
    }
    const name = `${origin} ${message.key}`
    const lane = this.#lanes.get(name)
    if (lane === undefined) this.#lanes.set(name, { messages: [message], weight: this.#weightOf(origin, name) })
    else lane.messages.push(message)
  }

  /** The next message; undefined: none waits. */
  take(): PlainMessage | undefined {
    if (this.#arrivals !== undefined) return this.#arrivals.shift()
    if (this.#lanes.size === 0) return undefined
    const names = [...this.#lanes.keys()]
    let chosen = this.#prng.pick(names)
    if (this.#prng.chance(0.85))
      for (const name of names) if (this.#lanes.get(name)!.weight > this.#lanes.get(chosen)!.weight) chosen = name
    const { messages } = this.#lanes.get(chosen)!
    const message = messages.shift()
    if (messages.length === 0) this.#lanes.delete(chosen)
    return message
  }

  #weightOf(origin: string, lane: string): number {
    return this.#drawn(origin) + 0.5 * this.#drawn(lane)
  }

  #drawn(name: string): number {
    let weight = this.#weights.get(name)
    if (weight === undefined) this.#weights.set(name, (weight = this.#prng.unit()))
    return weight
  }
}
