import { streamInFlightBytes, streamMessageBytes } from '../../base/limits.ts'
import type { AddressedFrame, FrameQueue } from './frame-queue.ts'
import { packMessage, unpackMessage } from './packing.ts'

/** What both ends of a gRPC stream have in common. */
interface Call {
  on(event: 'data', heard: (message: Buffer) => void): unknown
  write(message: Buffer, written: () => void): boolean
  end(): unknown
}

export interface StreamListener {
  frame(frame: AddressedFrame): void
  /** There is room again. */
  drained(): void
  /** Something came that is not of ours. */
  junk(): void
}

/**
 * A gRPC stream as either end of it sees it. Only so much is handed to it as it has not written yet: what `write` returns says
 * nothing, and behind it messages would pile up without limit.
 */
export class FrameStream {
  readonly #call: Call
  readonly #listener: StreamListener
  #inFlightBytes = 0
  #hasEnded = false

  constructor(call: Call, listener: StreamListener) {
    this.#call = call
    this.#listener = listener
    call.on('data', (message: Buffer) => this.#take(message))
  }

  /** Sends what waits, as far as there is room. */
  pump(queue: FrameQueue): void {
    while (!queue.isEmpty && !this.#hasEnded && this.#inFlightBytes < streamInFlightBytes)
      this.#write(packMessage(queue, streamMessageBytes))
  }

  /** Sends nothing more; what was handed over still goes out, and what comes is still taken. */
  end(): void {
    this.#hasEnded = true
    this.#call.end()
  }

  #write(message: Buffer): void {
    this.#inFlightBytes += message.length
    this.#call.write(message, () => {
      this.#inFlightBytes -= message.length
      this.#listener.drained()
    })
  }

  #take(message: Buffer): void {
    let frames: AddressedFrame[]
    try {
      frames = unpackMessage(message)
    } catch {
      return this.#listener.junk()
    }
    for (const frame of frames) this.#listener.frame(frame)
  }
}
