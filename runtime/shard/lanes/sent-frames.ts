/** The frames of a session that are on their way, and the credit that they hold (RULE 6). */
export class SentFrames {
  #frames: { readonly number: number; readonly sizeBytes: number }[] = []
  /** Number of the last frame. */
  last = 0
  sizeBytes = 0
  #acks = 0
  readonly #missing = new Set<number>()

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  /** Whether an ack was lost. What it said of positions is not said again in this session. */
  get missesAcks(): boolean {
    return this.#missing.size > 0
  }

  restart(): void {
    this.#frames = []
    this.last = 0
    this.sizeBytes = 0
    this.#acks = 0
    this.#missing.clear()
  }

  add(sizeBytes: number): void {
    this.last += 1
    this.sizeBytes += sizeBytes
    this.#frames.push({ number: this.last, sizeBytes })
  }

  /** `hasPositions` false: it repeats the number of the last ack that had any, which was lost if it is news. */
  acked(number: number, hasPositions: boolean): void {
    for (let missed = this.#acks + 1; missed <= number; missed++) this.#missing.add(missed)
    if (hasPositions) this.#missing.delete(number)
    this.#acks = Math.max(this.#acks, number)
  }

  /** Everything up to this frame is durable. False: that was known. */
  durable(frame: number): boolean {
    let done = 0
    for (; done < this.#frames.length && this.#frames[done]!.number <= frame; done++) {
      this.sizeBytes -= this.#frames[done]!.sizeBytes
    }
    if (done > 0) this.#frames.splice(0, done)
    return done > 0
  }
}
