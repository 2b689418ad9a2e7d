import { assert } from '../base/assert.ts'
import type { Prng } from '../base/prng.ts'

/** How long things of one kind take: between 0 and `typicalMs`, and with `slowChance` between 0 and `slowMs`. */
export interface Delays {
  readonly typicalMs: number
  readonly slowChance: number
  readonly slowMs: number
}

export interface Scheduled {
  readonly atMs: number
  readonly what: string
  readonly run: () => void
}

/**
 * Time and chance of a simulated world. Nothing happens but what was scheduled, one event at a time.
 *
 * T1 The next event is drawn among all that are due; only when none is due does time go on, to the first that will be.
 * T2 The same seed and the same calls give the same order of events.
 */
export class Scheduler {
  nowMs: number
  /** Events that ran. */
  steps = 0
  readonly #prng: Prng
  /** Due, in no order. */
  readonly #due: Scheduled[] = []
  /** Not due yet: a binary heap by time, then by order of scheduling. */
  readonly #later: (Scheduled & { readonly order: number })[] = []
  #order = 0

  constructor(prng: Prng, startMs: number) {
    this.#prng = prng
    this.nowMs = startMs
  }

  get size(): number {
    return this.#due.length + this.#later.length
  }

  /** When something will happen next. */
  get nextMs(): number {
    if (this.#due.length > 0) return this.nowMs
    return this.#later[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  after(delayMs: number, what: string, run: () => void): void {
    assert(delayMs >= 0, 'time does not go back')
    const event = { atMs: this.nowMs + delayMs, what, run, order: this.#order++ }
    if (delayMs === 0) this.#due.push(event)
    else push(this.#later, event)
  }

  /** A way to schedule what takes its time in one place of the world. */
  lane(place: string, delays: () => Delays): (what: string, run: () => void) => void {
    return (what, run) => this.after(this.draw(delays()), `${place}${what}`, run)
  }

  draw({ typicalMs, slowChance, slowMs }: Delays): number {
    return this.#prng.below(1 + (slowChance > 0 && this.#prng.chance(slowChance) ? slowMs : typicalMs))
  }

  /** Takes the next event, and moves time to it. Undefined: nothing will ever happen again. */
  next(): Scheduled | undefined {
    if (this.#due.length === 0) {
      if (this.#later.length === 0) return undefined
      this.nowMs = this.#later[0]!.atMs
    }
    while (this.#later.length > 0 && this.#later[0]!.atMs <= this.nowMs) this.#due.push(pop(this.#later))
    const chosen = this.#prng.below(this.#due.length)
    const event = this.#due[chosen]!
    const last = this.#due.pop()!
    if (chosen < this.#due.length) this.#due[chosen] = last
    this.steps += 1
    return event
  }
}

type Ordered = Scheduled & { readonly order: number }

function isBefore(a: Ordered, b: Ordered): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs
}

function push(heap: Ordered[], event: Ordered): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(event, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = event
}

function pop(heap: Ordered[]): Ordered {
  const first = heap[0]!
  const last = heap.pop()!
  if (heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
    if (!isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return first
}
