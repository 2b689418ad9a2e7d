import { Chain } from '../../base/hash.ts'
import type { ForwardedSection, LaneSection, MarkSection, RecordSection, Section } from './data-frame.ts'
import type { LinkParts } from './link-parts.ts'
import { readMessageHead } from './message-bytes.ts'
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
  /** Where the next message of a lane is. */
  at: number
}

/** Frames that were accepted and that no batch has taken yet (V2, V4 and V5 of LinkIn). */
export class WaitingFrames {
  readonly #parts: LinkParts
  readonly #receipts: Receipts
  readonly #chain = new Chain()
  #frames: WaitingFrame[] = []

  constructor(parts: LinkParts, receipts: Receipts) {
    this.#parts = parts
    this.#receipts = receipts
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  push(session: OpenSession, number: number, cut: number, sections: readonly Section[]): void {
    this.#frames.push({ session, number, cut, sections, section: 0, message: 0, at: 0 })
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
          if (frame.message < section.count) continue
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
    const { from, to, reader, count } = section
    const lane = inLanes.lane(from, to)
    if (frame.message === 0) frame.at = section.at
    for (let left = max; left > 0 && frame.message < count; left--) {
      const number = section.first + frame.message
      if (number > lane.number + 1 && !bugs.acceptHigherNumber) {
        frame.session.broken = true
        return 'broken'
      }
      reader.at = frame.at
      const size = reader.varint()
      const start = reader.at
      const end = start + size
      if (number > lane.number) {
        const { bytes } = reader
        const chain = this.#chain
        chain.high = lane.chainHigh
        chain.low = lane.chainLow
        chain.add(bytes, start, end)
        const { high: chainHigh, low: chainLow } = chain
        const { route, timeMs, idHigh, idLow, key } = readMessageHead(reader)
        const taken = inbox.laneMessage({
          route: frame.session.tables.route(route),
          key,
          shard: to,
          bytes,
          start: reader.at,
          end,
          timeMs,
          idHigh,
          idLow,
          from: { kind: 'lane', shard: from, number, chainHigh, chainLow },
        })
        if (taken === 'full') return 'full'
        inLanes.advance(lane, number, chainHigh, chainLow)
      }
      this.#receipts.lane(frame.session, lane) // one that was known already is acked again too
      frame.at = end
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
