/** First in, first out. To take from the front of a long array moves everything behind it; here that happens once in a while. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  /** How many at the front were taken. */
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  get first(): T | undefined {
    return this.#items[this.#taken]
  }

  get last(): T | undefined {
    return this.size === 0 ? undefined : this.#items.at(-1)
  }

  /** Item `i`, counted from the first. */
  at(i: number): T | undefined {
    return this.#items[this.#taken + i]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#taken]
    this.#items[this.#taken++] = undefined // nobody should keep it
    if (this.#taken >= 64 && 2 * this.#taken >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }
}
