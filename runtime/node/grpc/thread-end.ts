import type { MessagePort } from 'node:worker_threads'
import type { SendFrame } from './group-links.ts'
import { ownBytes } from './own-bytes.ts'
import type { GroupEnd } from './process-links.ts'

/**
 * The end of a group whose worker runs on another thread. That has a MessagePort for each of its peers, wherever they are; those of
 * peers in other processes end here. Groups of this process have a channel of their own, which does not pass here.
 */
export class ThreadEnd implements GroupEnd {
  readonly #group: number
  readonly #send: SendFrame
  readonly #ports = new Map<number, MessagePort>()

  constructor(group: number, send: SendFrame) {
    this.#group = group
    this.#send = send
  }

  /** The way between the thread and a peer in another process from now on. */
  connect(peer: number, port: MessagePort): void {
    this.#ports.get(peer)?.close()
    this.#ports.set(peer, port)
    port.on('message', (frame: Uint8Array) => this.#send(this.#group, peer, frame))
  }

  arrive(peer: number, frame: Uint8Array): void {
    const own = ownBytes(frame)
    this.#ports.get(peer)?.postMessage(own, [own.buffer as ArrayBuffer])
  }

  close(): void {
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }
}
