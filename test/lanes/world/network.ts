import type { Prng } from '../../../runtime/base/prng.ts'

export interface Weather {
  readonly loss: number
  readonly repeat: number
  /** The longest delay of a frame, in ms. Above 1, frames overtake each other. */
  readonly delayMs: number
}

export interface Packet {
  readonly from: number
  readonly to: number
  readonly bytes: Uint8Array
  readonly atMs: number
}

/** Loses, repeats, delays and reorders frames (N1 to N4 of runtime/ports/link.ts). */
export class Network {
  weather: Weather
  /** Nothing reaches a group before this time, nor leaves it. */
  readonly #cutOffUntilMs = new Map<number, number>()
  readonly #prng: Prng
  #packets: Packet[] = []

  constructor(prng: Prng, weather: Weather) {
    this.#prng = prng
    this.weather = weather
  }

  get size(): number {
    return this.#packets.length
  }

  cutOff(group: number, untilMs: number): void {
    this.#cutOffUntilMs.set(group, untilMs)
  }

  send(from: number, to: number, bytes: Uint8Array, nowMs: number): void {
    if (this.#isCutOff(from, nowMs) || this.#isCutOff(to, nowMs)) return
    const { loss, repeat, delayMs } = this.weather
    for (let copies = this.#prng.chance(repeat) ? 2 : 1; copies > 0; copies--) {
      if (this.#prng.chance(loss)) continue
      // A few come much later than the rest: long after their session.
      const late = delayMs > 1 && this.#prng.chance(0.05) ? delayMs * 20 : 0
      this.#packets.push({ from, to, bytes, atMs: nowMs + 1 + late + this.#prng.below(delayMs) })
    }
  }

  /** What has arrived by now, in the order of arrival. */
  arrivals(nowMs: number): Packet[] {
    const here = this.#packets.filter(({ atMs }) => atMs <= nowMs)
    if (here.length === 0) return here
    this.#packets = this.#packets.filter(({ atMs }) => atMs > nowMs)
    return here.sort((a, b) => a.atMs - b.atMs)
  }

  #isCutOff(group: number, nowMs: number): boolean {
    return nowMs < (this.#cutOffUntilMs.get(group) ?? 0)
  }
}
