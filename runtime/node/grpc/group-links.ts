import type { Links } from '../../ports/link.ts'
import { FrameQueue } from './frame-queue.ts'

/** Sends a frame from one group to another, wherever that is. */
export type SendFrame = (from: number, to: number, frame: Uint8Array) => void

/** The links of one group whose worker runs on this thread. */
export class GroupLinks implements Links {
  readonly group: number
  readonly #send: SendFrame
  readonly #wake: () => void
  readonly #arrived = new FrameQueue()

  constructor(group: number, send: SendFrame, wake: () => void) {
    this.group = group
    this.#send = send
    this.#wake = wake
  }

  send(peer: number, frame: Uint8Array): void {
    this.#send(this.group, peer, frame)
  }

  poll(): { readonly peer: number; readonly frame: Uint8Array } | undefined {
    const arrival = this.#arrived.shift()
    return arrival && { peer: arrival.from, frame: arrival.frame }
  }

  arrive(peer: number, frame: Uint8Array): void {
    if (this.#arrived.push(peer, this.group, frame)) this.#wake()
  }
}
