import { type ChannelCredentials, type ChannelOptions, status, type StatusObject } from '@grpc/grpc-js'
import type { MillraceError } from '../../base/errors.ts'
import { maxStreamMessageBytes, maxStreamRetryMs, streamMessageBytes, streamRetryMs } from '../../base/limits.ts'
import { type AddressedFrame, FrameQueue } from './frame-queue.ts'
import { FrameStream } from './frame-stream.ts'
import { type ProcessIdentity, readCard, refusalOf, writeCard } from './identity.ts'
import { beginStream, type ClientStream, type ServerStream } from './service.ts'

/** A message may have other frames before it. */
const largestFrame = maxStreamMessageBytes - 2 * streamMessageBytes

export interface PeerParts {
  readonly own: ProcessIdentity
  readonly credentials: ChannelCredentials
  readonly options: ChannelOptions
  /** How long the peer may take to answer. */
  readonly openMs: number
  readonly nowMs: () => number
  arrived(frame: AddressedFrame): void
  /** Once for each incarnation of a process that is not one of ours. */
  refused(error: MillraceError): void
}

/** What can be seen of the way to a process. */
export interface PeerCounts {
  readonly incarnation: string
  readonly state: 'closed' | 'opening' | 'open' | 'refused'
  readonly waitingBytes: number
  /** Frames that were dropped on this side. */
  readonly dropped: number
  /** Streams that are open or being opened; one, but for a moment. */
  readonly streams: number
  /** Streams that were begun here, so far. */
  readonly begun: number
}

interface Dialled {
  readonly call: ClientStream
  readonly stream: FrameStream
  readonly begunMs: number
  isOpen: boolean
}

interface Accepted {
  readonly call: ServerStream
  readonly stream: FrameStream
}

/**
 * The way to one incarnation of another process: one stream that both use, whoever began it.
 *
 * P1 Whoever has a frame to send and no stream begins one. So nobody has to know whose turn it is, and nobody waits for the other.
 * P2 If both began one at the same moment, the one that was begun by the smaller incarnation stays. The other is ended by whoever
 *    began it, after what was handed to it is out: nothing is lost over it.
 * P3 A new stream from the peer takes the place of the one before: the peer has seen that end, even if we have not.
 * P4 Where there is no stream and none is being opened, frames are dropped: they would be old when they came. With a stream lost, what
 *    waited for it goes too; the lanes begin anew behind it.
 * P5 After a failure nothing is tried for a while, which doubles. There is no timer: lanes ask again by themselves.
 */
export class Peer {
  readonly incarnation: string
  readonly #parts: PeerParts
  readonly #queue = new FrameQueue()
  #dialled: Dialled | undefined = undefined
  #accepted: Accepted | undefined = undefined
  #isRefused = false
  #failures = 0
  #retryAtMs = Number.NEGATIVE_INFINITY
  #isPumping = false
  #dropped = 0
  #begun = 0
  readonly #calls = new Set<ClientStream>()

  constructor(incarnation: string, parts: PeerParts) {
    this.incarnation = incarnation
    this.#parts = parts
  }

  get counts(): PeerCounts {
    return {
      incarnation: this.incarnation,
      state: this.#state,
      waitingBytes: this.#queue.sizeBytes,
      dropped: this.#dropped + this.#queue.dropped,
      streams: this.#calls.size + (this.#accepted === undefined ? 0 : 1),
      begun: this.#begun,
    }
  }

  /** Nothing would be forgotten with it. */
  get isIdle(): boolean {
    return this.#state === 'closed' && this.#parts.nowMs() > this.#retryAtMs + maxStreamRetryMs
  }

  /** `address`: where it is reached, if there is no stream. */
  send(frame: AddressedFrame, address: string): void {
    if (frame.frame.length > largestFrame) return void (this.#dropped += 1) // it would end the stream of all the others
    this.#giveUpWaiting()
    if (this.#state === 'closed' && this.#parts.nowMs() >= this.#retryAtMs) this.#dial(address)
    const state = this.#state
    if (state === 'closed' || state === 'refused') this.#dropped += 1
    else if (this.#queue.push(frame.from, frame.to, frame.frame)) this.#pumpSoon()
  }

  /** The peer has begun a stream, and belongs to us. */
  accept(call: ServerStream): void {
    const stream = new FrameStream(call, {
      frame: (frame) => this.#parts.arrived(frame),
      drained: () => this.#pump(),
      junk: () => call.emit('error', { code: status.INVALID_ARGUMENT, details: 'that is no frame' }),
    })
    this.#accepted?.stream.end() // P3
    const accepted = (this.#accepted = { call, stream })
    const gone = (): void => {
      if (this.#accepted !== accepted) return
      this.#accepted = undefined
      this.#lookAround()
    }
    call.on('end', () => {
      stream.end()
      gone()
    })
    call.on('cancelled', gone)
    call.on('error', gone)
    call.sendMetadata(writeCard(this.#parts.own))
    this.#keepOne()
    this.#pumpSoon()
  }

  close(): void {
    for (const call of this.#calls) call.cancel()
    this.#queue.clear()
  }

  get #state(): PeerCounts['state'] {
    if (this.#way !== undefined) return 'open'
    if (this.#isRefused) return 'refused'
    return this.#dialled === undefined ? 'closed' : 'opening'
  }

  /** P2 */
  get #way(): FrameStream | undefined {
    const dialled = this.#dialled?.isOpen ? this.#dialled.stream : undefined
    if (this.#accepted === undefined) return dialled
    return dialled !== undefined && this.#isOursKept ? dialled : this.#accepted.stream
  }

  get #isOursKept(): boolean {
    return this.#parts.own.incarnation < this.incarnation
  }

  #dial(address: string): void {
    const { own, credentials, options } = this.#parts
    this.#begun += 1
    const call = beginStream(address, writeCard(own, this.incarnation), credentials, options)
    const stream = new FrameStream(call, {
      frame: (frame) => this.#parts.arrived(frame),
      drained: () => this.#pump(),
      junk: () => call.cancel(),
    })
    this.#calls.add(call)
    const dialled: Dialled = { call, stream, begunMs: this.#parts.nowMs(), isOpen: false }
    this.#dialled = dialled
    call.on('metadata', (metadata) => {
      if (this.#dialled !== dialled) return
      const card = readCard(metadata)
      const refusal = refusalOf(own, card, address)
      if (refusal !== undefined) this.#refuse(refusal)
      if (refusal !== undefined || card?.incarnation !== this.incarnation) return call.cancel()
      dialled.isOpen = true
      this.#failures = 0
      this.#keepOne()
      this.#pump()
    })
    call.on('error', () => {}) // the status says it
    call.on('status', (end) => this.#dialEnded(dialled, end, address))
  }

  #dialEnded(dialled: Dialled, end: StatusObject, address: string): void {
    this.#calls.delete(dialled.call)
    if (end.code === status.FAILED_PRECONDITION) {
      const refusal = refusalOf(this.#parts.own, readCard(end.metadata), address)
      if (refusal !== undefined) this.#refuse(refusal)
    }
    if (this.#dialled !== dialled) return
    this.#dialled = undefined
    this.#fail()
  }

  #refuse(error: MillraceError): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#parts.refused(error)
  }

  /** P5 */
  #fail(): void {
    const waitMs = Math.min(streamRetryMs * 2 ** this.#failures, maxStreamRetryMs)
    this.#failures += 1
    this.#retryAtMs = this.#parts.nowMs() + waitMs
    this.#lookAround()
  }

  /** P4 */
  #lookAround(): void {
    if (this.#way === undefined && this.#dialled === undefined) this.#queue.clear()
    else this.#pumpSoon()
  }

  #giveUpWaiting(): void {
    const dialled = this.#dialled
    const { nowMs, openMs } = this.#parts
    if (dialled === undefined || dialled.isOpen || nowMs() - dialled.begunMs < openMs) return
    this.#dialled = undefined
    dialled.call.cancel()
    this.#fail()
  }

  /** P2 */
  #keepOne(): void {
    const dialled = this.#dialled
    if (dialled === undefined || !dialled.isOpen || this.#accepted === undefined || this.#isOursKept) return
    this.#dialled = undefined
    dialled.stream.end()
  }

  /** What one turn of a worker sends goes together. */
  #pumpSoon(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    queueMicrotask(() => {
      this.#isPumping = false
      this.#pump()
    })
  }

  #pump(): void {
    this.#way?.pump(this.#queue)
  }
}
