import type { FakeGroup } from './fake-group.ts'

/** Which links may refuse: a power loss may have taken what the other end knows. By ordered pairs of groups, `from>to`. */
export class Excuses {
  readonly #senderLost = new Set<string>()
  readonly #receiverLost = new Set<string>()
  readonly #lastGreeting = new Map<string, string>()

  has(from: number, to: number): boolean {
    return this.#senderLost.has(`${from}>${to}`) || this.#receiverLost.has(`${from}>${to}`)
  }

  powerLost(group: number, groups: readonly FakeGroup[]): void {
    for (const { id } of groups) {
      this.#senderLost.add(`${group}>${id}`)
      this.#receiverLost.add(`${id}>${group}`)
    }
  }

  /**
   * The sender leaves its old session, so nothing may prune until it is welcomed: if the receiver has enough now, then its loss
   * is none. (That of a sender may show later: what it has forgotten may wait at the receiver. And a greeting that is repeated
   * says nothing: it may have been answered before the loss.)
   */
  greets(sender: FakeGroup, receiver: FakeGroup, greeting: string): void {
    const pair = `${sender.id}>${receiver.id}`
    if (this.#lastGreeting.get(pair) === greeting) return
    this.#lastGreeting.set(pair, greeting)
    for (const { from, to, pruned } of sender.outLanes.lanesTo(receiver.id)) {
      if (receiver.inLanes.lane(from, to).durable.number < pruned.number) return
    }
    this.#receiverLost.delete(pair)
  }

  /** Both incarnations are in one session: they have compared what they know. */
  met(from: number, to: number): void {
    this.#senderLost.delete(`${from}>${to}`)
    this.#receiverLost.delete(`${from}>${to}`)
  }
}
