import type { ForwardedSection, LaneSection, MarkSection, RecordSection, Section } from './data-frame.ts'
import { LaneChain } from './lane-chain.ts'
import type { LinkParts } from './link-parts.ts'
import type { OpenSession } from './open-session.ts'
import type { Inbox, Taken } from './ports.ts'
import type { Receipts } from './receipts.ts'

interface WaitingFrame {
  readonly session: OpenSession
  readonly number: number
  readonly cut: number
  readonly sections: readonly Section[]
  /** How much of it was taken: sections, and messages of the section after them. */
  section: number
  message: number
}

/** Frames that were accepted and that no batch has taken yet (V2, V4 and V5 of LinkIn). */
export class WaitingFrames {
  readonly #parts: LinkParts
  readonly #receipts: Receipts
  readonly #chain: LaneChain
  #frames: WaitingFrame[] = []

  constructor(parts: LinkParts, receipts: Receipts) {
    this.#parts = parts
    this.#receipts = receipts
    this.#chain = new LaneChain(parts.names.routes)
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  push(session: OpenSession, number: number, cut: number, sections: readonly Section[]): void {
    this.#frames.push({ session, number, cut, sections, section: 0, message: 0 })
  }

  clear(): void {
    this.#frames = []
  }

  /** Returns how many messages, records and marks were taken; at most `max`. */
  take(max: number, inbox: Inbox): number {
    const { host } = this.#parts
    let taken = 0
    let done = 0
    for (; done < this.#frames.length && taken < max; done++) {
      const frame = this.#frames[done]!
      if (frame.cut > host.cut) host.onCut(frame.cut)
      let outcome: Taken | 'broken' = 'taken'
      while (outcome === 'taken' && frame.section < frame.sections.length && taken < max) {
        const before = frame.message
        const section = frame.sections[frame.section]!
        if (section.kind === 'lane') {
          outcome = this.#takeLane(frame, section, max - taken, inbox)
          taken += frame.message - before
          if (frame.message < section.messages.length) continue
        } else if (section.kind === 'forwarded') {
          outcome = this.#takeForwarded(frame, section, max - taken, inbox)
          taken += frame.message - before
          if (frame.message < section.offsets.length) continue
        } else {
          outcome = this.#takeSource(frame, section, inbox)
          if (outcome === 'full') continue
          taken += 1
        }
        frame.section += 1
        frame.message = 0
      }
      if (outcome === 'broken') done = this.#frames.length
      if (frame.section < frame.sections.length) break
      this.#receipts.frame(frame.session, frame.number)
    }
    if (done > 0) this.#frames.splice(0, done)
    return taken
  }

  #takeLane(frame: WaitingFrame, section: LaneSection, max: number, inbox: Inbox): Taken | 'broken' {
    const { inLanes, bugs } = this.#parts
    const lane = inLanes.lane(section.from, section.to)
    for (let left = max; left > 0 && frame.message < section.messages.length; left--) {
      const number = section.first + frame.message
      if (number > lane.number + 1 && !bugs.acceptHigherNumber) {
        frame.session.broken = true
        return 'broken'
      }
      if (number > lane.number) {
        const envelope = section.messages[frame.message]!
        this.#chain.step(lane.chainHigh, lane.chainLow, envelope, envelope.bytes)
        const { high, low } = this.#chain
        envelope.from.number = number
        envelope.from.chainHigh = high
        envelope.from.chainLow = low
        if (inbox.laneMessage(envelope) === 'full') return 'full'
        inLanes.advance(lane, number, high, low)
      }
      this.#receipts.lane(frame.session, lane) // one that was known already is acked again too
      frame.message += 1
    }
    return 'taken'
  }

  #takeForwarded(frame: WaitingFrame, section: ForwardedSection, max: number, inbox: Inbox): Taken {
    const { source, partition, nexts } = section
    const taken = inbox.forwarded(section, frame.message, max)
    frame.message += taken
    if (taken > 0) {
      const next = nexts[frame.message - 1]!
      this.#receipts.source(frame.session, { source: frame.session.tables.theirSource(source), partition, next })
    }
    return frame.message < nexts.length ? 'full' : 'taken'
  }

  #takeSource(frame: WaitingFrame, section: RecordSection | MarkSection, inbox: Inbox): Taken {
    const { source, partition, next } = section
    if (section.kind === 'mark') inbox.mark(source, partition, next)
    else if (inbox.record(section) === 'full') return 'full'
    this.#receipts.source(frame.session, { source: frame.session.tables.theirSource(source), partition, next })
    return 'taken'
  }
}
