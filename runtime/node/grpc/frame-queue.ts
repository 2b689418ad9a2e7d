import { streamQueueBytes, streamShareBytes } from '../../base/limits.ts'

export interface AddressedFrame {
  readonly from: number
  readonly to: number
  readonly frame: Uint8Array
}

/** What a frame costs in memory beside its bytes. */
const entryBytes = 128

export interface QueueLimits {
  readonly totalBytes: number
  readonly shareBytes: number
}

/**
 * Frames that wait, at most so many bytes; what does not fit is dropped, which links may.
 *
 * F1 Frames leave in the order in which they came.
 * F2 A pair of groups that has nothing waiting is never refused, and none that has no more than its share: whoever begins a session
 *    anew gets at least that far with it, so a full queue makes lanes slow and never makes them stand still. What a session
 *    has waiting when its welcome comes was put here after its hello (F1): nothing of an older session is in its way.
 */
export class FrameQueue {
  readonly #limits: QueueLimits
  #frames: AddressedFrame[] = []
  #first = 0
  #bytes = 0
  readonly #pairBytes = new Map<number, number>()
  #dropped = 0

  constructor(limits: QueueLimits = { totalBytes: streamQueueBytes, shareBytes: streamShareBytes }) {
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#first === this.#frames.length
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  /** Frames that found no room, or were let go with the whole queue. */
  get dropped(): number {
    return this.#dropped
  }

  /** False: it was dropped. */
  push(from: number, to: number, frame: Uint8Array): boolean {
    const { totalBytes, shareBytes } = this.#limits
    const pair = pairOf(from, to)
    const own = this.#pairBytes.get(pair) ?? 0
    const size = frame.length + entryBytes
    if (own > 0 && own + size > shareBytes && this.#bytes + size > totalBytes) {
      this.#dropped += 1
      return false
    }
    this.#bytes += size
    this.#pairBytes.set(pair, own + size)
    this.#frames.push({ from, to, frame })
    return true
  }

  shift(): AddressedFrame | undefined {
    if (this.isEmpty) return undefined
    const frame = this.#frames[this.#first++]!
    if (this.#first >= 1_024 || this.isEmpty) this.#compact()
    this.#discount(frame)
    return frame
  }

  clear(): void {
    this.#dropped += this.#frames.length - this.#first
    this.#frames = []
    this.#first = 0
    this.#bytes = 0
    this.#pairBytes.clear()
  }

  #compact(): void {
    this.#frames.splice(0, this.#first)
    this.#first = 0
  }

  #discount({ from, to, frame }: AddressedFrame): void {
    const size = frame.length + entryBytes
    const pair = pairOf(from, to)
    const left = this.#pairBytes.get(pair)! - size
    this.#bytes -= size
    if (left > 0) this.#pairBytes.set(pair, left)
    else this.#pairBytes.delete(pair)
  }
}

function pairOf(from: number, to: number): number {
  return from * 65_536 + to
}
