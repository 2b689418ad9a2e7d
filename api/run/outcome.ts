/** A promise that is settled from outside, once. */
export class Outcome {
  readonly promise: Promise<void>
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Undefined: it went well. */
  settle(error: unknown): void {
    if (error === undefined) this.#resolve()
    else this.#reject(error)
  }
}
