import type { Links } from '../ports/link.ts'
import type { Faults } from './faults.ts'
import type { Scheduler } from './scheduler.ts'
import type { Shape } from './shape.ts'

interface Arrival {
  readonly peer: number
  readonly frame: Uint8Array
}

/** Where frames for a group arrive. Zombies are addressed too: whoever sends knows a group, not its incarnation. */
export interface LinkEnd {
  readonly group: number
  arrive(arrival: Arrival): void
}

/**
 * The network between groups. Frames between two groups come in the order in which they were sent, unless a fault strikes:
 * then one is lost, comes twice, or comes so late that it meets another session, or nothing passes for a while.
 */
export class SimNetwork {
  readonly #scheduler: Scheduler
  readonly #faults: Faults
  readonly #delays: () => Shape['delays']['link']
  readonly #ends: () => readonly LinkEnd[]
  readonly #pick: <T>(list: readonly T[]) => T
  /** Frames under way, per direction, in order. */
  readonly #underWay = new Map<string, Uint8Array[]>()
  readonly #cut = new Set<string>()

  constructor(parts: {
    scheduler: Scheduler
    faults: Faults
    delays: () => Shape['delays']['link']
    ends: () => readonly LinkEnd[]
    pick: <T>(list: readonly T[]) => T
  }) {
    this.#scheduler = parts.scheduler
    this.#faults = parts.faults
    this.#delays = parts.delays
    this.#ends = parts.ends
    this.#pick = parts.pick
  }

  /** Nothing passes from one group to the other any more. */
  cut(from: number, to: number): void {
    this.#cut.add(wayOf(from, to))
  }

  heal(): void {
    this.#cut.clear()
  }

  send(from: number, to: number, frame: Uint8Array): void {
    const faults = this.#faults
    const way = wayOf(from, to)
    const name = `a frame of ${frame.length} bytes ${way}`
    if (this.#cut.has(way) || faults.strikes('link-loss', 0.2, () => `${name} is lost`)) return
    const own = frame.slice()
    if (faults.strikes('link-late', 0.2, () => `${name} is late`)) this.#deliverAt(2_000, from, to, own)
    else {
      let queue = this.#underWay.get(way)
      if (queue === undefined) this.#underWay.set(way, (queue = []))
      queue.push(own)
      this.#scheduler.after(this.#scheduler.draw(this.#delays()), `link ${way}: a frame arrives`, () =>
        this.#deliver(from, to, queue.shift()!),
      )
    }
    if (faults.strikes('link-repeat', 0.2, () => `${name} comes again`)) this.#deliverAt(500, from, to, own)
  }

  #deliverAt(withinMs: number, from: number, to: number, frame: Uint8Array): void {
    const delay = this.#scheduler.draw({ typicalMs: withinMs, slowChance: 0, slowMs: 0 })
    this.#scheduler.after(delay, `link ${wayOf(from, to)}: a straggler arrives`, () => this.#deliver(from, to, frame))
  }

  #deliver(from: number, to: number, frame: Uint8Array): void {
    const ends = this.#ends().filter(({ group }) => group === to)
    if (ends.length > 0) this.#pick(ends).arrive({ peer: from, frame: frame.slice() })
  }
}

/** One worker's end of the network. */
export class SimLinks implements Links, LinkEnd {
  readonly group: number
  readonly #network: SimNetwork
  readonly #wake: () => void
  readonly #arrived: Arrival[] = []

  constructor(group: number, network: SimNetwork, wake: () => void) {
    this.group = group
    this.#network = network
    this.#wake = wake
  }

  send(peer: number, frame: Uint8Array): void {
    this.#network.send(this.group, peer, frame)
  }

  poll(): Arrival | undefined {
    return this.#arrived.shift()
  }

  arrive(arrival: Arrival): void {
    this.#arrived.push(arrival)
    this.#wake()
  }
}

function wayOf(from: number, to: number): string {
  return `${from} -> ${to}`
}
