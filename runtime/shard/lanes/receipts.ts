import type { LanePosition, Positions } from './frame.ts'
import type { InLane } from './in-lanes.ts'
import type { OpenSession } from './open-session.ts'
import type { SourcePosition } from './ports.ts'

interface Receipt {
  readonly session: OpenSession | undefined
  readonly lanes: InLane[]
  /** By the sender's numbers of sources. */
  readonly sources: Map<string, SourcePosition>
  /** Everything up to this frame was taken. 0: no frame was finished. */
  frame: number
}

export interface Acked extends Positions {
  readonly frame: number
}

/** What batches took from a link, from the taking until it is durable and can be acked. */
export class Receipts {
  #open: Receipt = emptyReceipt(undefined)
  #sealed: { readonly commit: number; readonly receipt: Receipt }[] = []

  /** Whether a seal is owed: something was taken since the last one. */
  get hasTaken(): boolean {
    return !isEmpty(this.#open)
  }

  /** Whether anything that was taken is not durable yet. */
  get isPending(): boolean {
    return this.#sealed.length > 0 || this.hasTaken
  }

  lane(session: OpenSession, lane: InLane): void {
    const receipt = this.#of(session)
    if (lane.receipt === receipt.lanes) return
    lane.receipt = receipt.lanes
    receipt.lanes.push(lane)
  }

  source(session: OpenSession, position: SourcePosition): void {
    this.#of(session).sources.set(`${position.source}/${position.partition}`, position)
  }

  frame(session: OpenSession, frame: number): void {
    this.#of(session).frame = frame
  }

  /** For a planted bug: what was taken, durable or not. */
  staged(): Acked {
    const { lanes, sources, frame } = this.#open
    return { frame, lanes: lanes.map(stagedOf), sources: [...sources.values()] }
  }

  sealed(commit: number): void {
    if (this.hasTaken) this.#sealed.push({ commit, receipt: this.#open })
    this.#open = emptyReceipt(undefined)
  }

  /** What became durable with commits up to this one, in the given session. Undefined: nothing. */
  takeDurable(commit: number, session: OpenSession | undefined): Acked | undefined {
    let done = 0
    while (done < this.#sealed.length && this.#sealed[done]!.commit <= commit) done += 1
    if (done === 0) return undefined
    const receipts = this.#sealed.splice(0, done).flatMap(({ receipt }) => (receipt.session === session ? receipt : []))
    if (receipts.length === 0) return undefined
    const lanes = receipts.length === 1 ? receipts[0]!.lanes : new Set(receipts.flatMap((receipt) => receipt.lanes))
    const sources = new Map(receipts.flatMap((receipt) => [...receipt.sources]))
    return {
      frame: Math.max(...receipts.map(({ frame }) => frame)),
      lanes: Array.from(lanes, durableOf),
      sources: [...sources.values()],
    }
  }

  /** A batch that takes from two sessions acks to neither: the handshake between them says it all. */
  #of(session: OpenSession): Receipt {
    if (!this.hasTaken) this.#open = emptyReceipt(session)
    else if (this.#open.session !== session) this.#open = { ...this.#open, session: undefined }
    return this.#open
  }
}

export function durableOf({ from, to, durable }: InLane): LanePosition {
  return { from, to, position: durable }
}

function stagedOf({ from, to, staged }: InLane): LanePosition {
  return { from, to, position: staged }
}

function emptyReceipt(session: OpenSession | undefined): Receipt {
  return { session, lanes: [], sources: new Map(), frame: 0 }
}

function isEmpty({ lanes, sources, frame }: Receipt): boolean {
  return lanes.length === 0 && sources.size === 0 && frame === 0
}
