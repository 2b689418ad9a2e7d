import type { MessagePort } from 'node:worker_threads'
import type { Links } from '../../ports/link.ts'

/** Frames that went over the present connection with a peer. */
export interface LinkCounts {
  readonly peer: number
  readonly sent: number
  /** Taken by `poll`: what has only arrived is still under way. */
  readonly received: number
}

interface Connection {
  readonly port: MessagePort
  sent: number
  received: number
}

/**
 * Links between the threads of a process: one MessageChannel for each pair. A frame changes hands without being copied. A
 * thread that is replaced is connected anew; what was under way to or from the former one is lost, which links may.
 */
export class PortLinks implements Links {
  readonly #wake: () => void
  readonly #connections = new Map<number, Connection>()
  readonly #arrived: { readonly peer: number; readonly frame: Uint8Array }[] = []

  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** The way to a peer from now on. */
  connect(peer: number, port: MessagePort): void {
    this.#connections.get(peer)?.port.close()
    this.#connections.set(peer, { port, sent: 0, received: 0 })
    // Junk of the former connection would be counted as received on the new one.
    const kept = this.#arrived.filter((arrival) => arrival.peer !== peer)
    this.#arrived.splice(0, this.#arrived.length, ...kept)
    port.on('message', (frame: Uint8Array) => {
      if (this.#connections.get(peer)?.port !== port) return
      this.#arrived.push({ peer, frame })
      this.#wake()
    })
  }

  send(peer: number, frame: Uint8Array): void {
    const connection = this.#connections.get(peer)
    if (connection === undefined) return
    connection.sent += 1
    // N1: the receiver gets a buffer of its own, which ours is unless it is part of a larger one.
    const own = frame.byteLength === frame.buffer.byteLength ? frame : frame.slice()
    connection.port.postMessage(own, [own.buffer as ArrayBuffer])
  }

  poll(): { readonly peer: number; readonly frame: Uint8Array } | undefined {
    const arrival = this.#arrived.shift()
    if (arrival !== undefined) this.#connections.get(arrival.peer)!.received += 1
    return arrival
  }

  get counts(): LinkCounts[] {
    return [...this.#connections].map(([peer, { sent, received }]) => ({ peer, sent, received }))
  }

  close(): void {
    for (const { port } of this.#connections.values()) port.close()
  }
}
