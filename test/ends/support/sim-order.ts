import type { Prng } from '../../../runtime/base/prng.ts'
import type { Schedule } from '../../../runtime/sim/sim-source.ts'

/** A scheduler that takes what waits in a drawn order: by hand, or by itself with one thing per turn of the event loop. */
export class SimOrder {
  readonly #prng: Prng
  readonly #byItself: boolean
  readonly #waiting: { readonly what: string; readonly run: () => void }[] = []
  readonly log: string[] = []

  constructor(prng: Prng, byItself: boolean) {
    this.#prng = prng
    this.#byItself = byItself
  }

  readonly schedule: Schedule = (what, run) => {
    this.#waiting.push({ what, run })
    if (this.#byItself) setImmediate(() => this.step())
  }

  /** False: nothing waited. */
  step(): boolean {
    const [next] = this.#waiting.splice(this.#prng.below(this.#waiting.length), 1)
    if (next === undefined) return false
    this.log.push(next.what)
    next.run()
    return true
  }

  settle(): void {
    while (this.step());
  }
}
