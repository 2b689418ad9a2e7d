import { firstFrame } from './dead-letter.ts'

/** How long the place of one error stands for those that say the same, in ms. */
const keptMs = 1_000
/** More kinds of errors than anybody has; of errors with a text of their own each, no more are kept. */
const maxKinds = 1_000

/**
 * Where errors were thrown. Making text of a stack costs more than all else about a dead letter, many times more where source maps
 * are looked up. So of the errors of a second that say the same on the same route, the place of the first stands for all.
 */
export class Places {
  readonly #byRoute = new Map<number, Map<string, string>>()
  #count = 0
  #sinceMs = 0

  /** Where `error` was thrown on its way through `route`. `message`: what it says. `nowMs`: the time of the batch. */
  of(error: Error, message: string, route: number, nowMs: number): string {
    if (nowMs - this.#sinceMs >= keptMs || this.#count >= maxKinds) this.#forget(nowMs)
    let places = this.#byRoute.get(route)
    if (places === undefined) this.#byRoute.set(route, (places = new Map()))
    let place = places.get(message)
    if (place === undefined) {
      places.set(message, (place = firstFrame(error)))
      this.#count += 1
    }
    return place
  }

  #forget(nowMs: number): void {
    this.#byRoute.clear()
    this.#count = 0
    this.#sinceMs = nowMs
  }
}
