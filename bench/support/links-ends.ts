import type { Links } from '../../runtime/ports/link.ts'

/** As lanes do: so much is under way before the receiver has said that it has it. */
const creditBytes = 4 << 20
/** Frames after which the receiver says how far it is, in a frame of its own. */
const ackEvery = 8

/** The receiving end: its `wake`. */
export function receiveFrames(links: () => Links): () => void {
  let received = 0
  return () => {
    for (let arrival = links().poll(); arrival !== undefined; arrival = links().poll()) {
      received += 1
      if (received % ackEvery === 0) links().send(arrival.peer, new Uint8Array(8))
    }
  }
}

/** The sending end, which sends so many frames and waits until all have been received. */
export class FrameSender {
  readonly #links: () => Links
  readonly #peer: number
  #frame = new Uint8Array()
  #toSend = 0
  #underWay = 0
  #done: () => void = () => {}

  constructor(links: () => Links, peer: number) {
    this.#links = links
    this.#peer = peer
  }

  readonly wake = (): void => {
    while (this.#links().poll() !== undefined) this.#underWay -= ackEvery
    this.#fill()
  }

  /** `count`: a multiple of the frames between two acks. */
  run(count: number, sizeBytes: number): Promise<void> {
    this.#frame = new Uint8Array(sizeBytes)
    this.#toSend = Math.ceil(count / ackEvery) * ackEvery
    return new Promise((resolve) => {
      this.#done = resolve
      this.#fill()
    })
  }

  #fill(): void {
    while (this.#toSend > 0 && this.#underWay * this.#frame.length < creditBytes) {
      this.#toSend -= 1
      this.#underWay += 1
      this.#links().send(this.#peer, this.#frame.slice()) // a port takes the buffer away
    }
    if (this.#toSend + this.#underWay === 0) this.#done()
  }
}
