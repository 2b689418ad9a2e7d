import { type ByteReader, ByteWriter } from '../../base/bytes.ts'
import { MillraceError } from '../../base/errors.ts'
import { readSections, type Section } from './data-frame.ts'
import { shardMapDiffers } from './diverged.ts'
import {
  type FrameHeader,
  FrameKind,
  type Hello,
  type LanePosition,
  type Positions,
  readHello,
  sameSession,
  type Session,
  writeAck,
  writeFrameHeader,
  writePositions,
} from './frame.ts'
import type { LinkParts } from './link-parts.ts'
import { NameTables } from './names.ts'
import { isOlder, newSession, type OpenSession } from './open-session.ts'
import type { Inbox, SourcePosition } from './ports.ts'
import { type Acked, durableOf, Receipts } from './receipts.ts'
import { WaitingFrames } from './waiting-frames.ts'

/**
 * The receiving end of a link from one other group.
 *
 *   onFrame -> (waits) -> take, into a batch -> sealed(commit) -> durable(commit) -> ack
 *
 * V1 Only the next frame of the current session is accepted (RULE 2). A gap, junk, or a lane that leaves out a number ends the
 *    session: what came before it is still good, and the sender is asked, again and again, to open a new one.
 * V2 A hello drops what waits and was not taken. It is answered when everything that was taken is durable, so that a session
 *    begins at positions that can only be lost with the store itself.
 * V3 What is said of positions, in a welcome or an ack, is durable (RULE 3).
 * V4 Nothing here looks at the own outbox (RULE 6). What waits is bounded by the sender's credit.
 * V5 A cut is noted before anything that carries it is handed over (RULE 9).
 */
export class LinkIn {
  readonly peer: number
  readonly #parts: LinkParts
  readonly #receipts = new Receipts()
  readonly #waiting: WaitingFrames
  #session: OpenSession | undefined = undefined
  #durable = 0
  /** The sender runs another program or another shard map: this incarnation of it is not listened to. */
  #refusedEpoch = 0
  /** When to ask next for a new session, and what generation the last such wish was about. */
  #askAtMs = Number.NEGATIVE_INFINITY
  #askedGeneration = 0

  constructor(peer: number, parts: LinkParts) {
    this.peer = peer
    this.#parts = parts
    this.#waiting = new WaitingFrames(parts, this.#receipts)
  }

  get hasWaiting(): boolean {
    return !this.#waiting.isEmpty
  }

  /** Whether something was taken since the last seal: then one is owed, even if the group finds nothing in it to commit. */
  get hasTaken(): boolean {
    return this.#receipts.hasTaken
  }

  onFrame(header: FrameHeader, reader: ByteReader, nowMs: number): void {
    if (header.senderEpoch <= this.#refusedEpoch) return
    try {
      if (header.kind === FrameKind.hello) this.#onHello(header, readHello(reader))
      else if (header.kind === FrameKind.data) this.#onData(header, reader, nowMs)
      else if (header.kind === FrameKind.ask) this.#onAsk(header, reader.varint(), nowMs)
    } catch (error) {
      if (error instanceof MillraceError) this.#refuse(header.senderEpoch, error)
      else if (!(error instanceof RangeError)) throw error
      else if (this.#session !== undefined && sameSession(header, this.#session)) this.#break(nowMs)
    }
  }

  /** V1: whoever has no usable session asks for one. */
  tick(nowMs: number): void {
    if (this.#parts.bugs.creditWithheldWhileOutboxFull) this.#answer()
    if (nowMs < this.#askAtMs) return
    const session = this.#session
    if (session === undefined && this.#refusedEpoch === 0) {
      this.#askToReopen({ senderEpoch: 0, receiverEpoch: this.#parts.host.epoch, generation: 0 }, nowMs)
    } else if (session?.broken) this.#askToReopen(session, nowMs)
  }

  /** Hands at most `max` messages, records and marks to the batch; fewer when it is full. Returns how many. */
  take(max: number, inbox: Inbox): number {
    const taken = this.#waiting.take(max, inbox)
    if (this.#parts.bugs.ackOnReceipt && this.hasTaken) this.#ack(this.#receipts.staged())
    return taken
  }

  /** The batch that took from here got this number. */
  sealed(commit: number): void {
    this.#receipts.sealed(commit)
  }

  /** After InLanes.durable: acks, and answers a hello that waited for it. */
  durable(commit: number): void {
    this.#durable = commit
    this.#answer()
  }

  #answer(): void {
    const { bugs, host } = this.#parts
    if (bugs.creditWithheldWhileOutboxFull && host.outboxFull) return
    const acked = this.#receipts.takeDurable(this.#durable, this.#session)
    if (acked !== undefined) this.#ack(acked)
    this.#welcome()
  }

  #onHello(header: FrameHeader, hello: Hello): void {
    const { host, names, bugs } = this.#parts
    const known = this.#session
    if (known !== undefined && isOlder(header, known)) return
    if (known !== undefined && header.senderEpoch === known.senderEpoch && header.generation === known.generation) {
      // The sender has not had the answer. Once there are frames it has had it, and this hello is a late copy.
      if (known.welcomed && known.nextFrame === 1 && !known.broken) this.#sendWelcome(known)
      return
    }
    if (!this.#ownsExactly(hello.shards)) throw shardMapDiffers(this.peer, host.group)
    const { senderEpoch, generation } = header
    this.#session = newSession({ senderEpoch, receiverEpoch: host.epoch, generation }, new NameTables(hello, names))
    if (!bugs.stagedSurvivesHandshake) this.#waiting.clear() // V2
    this.#answer()
  }

  #ownsExactly(shards: readonly number[]): boolean {
    const { host, shardCount } = this.#parts
    let listed = 0
    for (let shard = 0; shard < shardCount; shard++) {
      if (host.ownerOf(shard) === host.group && shards[listed++] !== shard) return false
    }
    return listed === shards.length
  }

  /** V2: answers the hello when nothing is taken that is not durable. */
  #welcome(): void {
    const session = this.#session
    if (session === undefined || session.welcomed || this.#receipts.isPending) return
    session.welcomed = true
    this.#sendWelcome(session)
  }

  #sendWelcome(session: OpenSession): void {
    const { host, inLanes } = this.#parts
    const lanes: LanePosition[] = []
    for (const lane of inLanes.all()) {
      if (host.ownerOf(lane.from) === this.peer && lane.durable.number > 0) lanes.push(durableOf(lane))
    }
    const sources: SourcePosition[] = []
    for (const position of host.sourcePositions()) {
      const source = session.tables.theirSource(position.source)
      if (source >= 0) sources.push({ ...position, source })
    }
    const out = this.#begin(FrameKind.welcome, session, this.#cutToTell)
    writePositions(out, { lanes, sources })
    host.send(this.peer, out.copy())
  }

  #onData(header: FrameHeader, reader: ByteReader, nowMs: number): void {
    const { bugs, names } = this.#parts
    const number = reader.varint()
    if (bugs.markAcrossReopenedSession && this.#session === undefined) {
      this.#session = { ...newSession(header, new NameTables(names, names)), welcomed: true, nextFrame: number }
    }
    const session = this.#current(header, nowMs)
    if (session === undefined || session.broken || number < session.nextFrame) return
    if (number > session.nextFrame && !bugs.acceptHigherNumber) return this.#break(nowMs)
    const sections = readSections(reader, session.tables)
    this.#checkShards(sections)
    session.nextFrame = number + 1
    this.#waiting.push(session, number, header.cut, sections)
  }

  #onAsk(header: FrameHeader, lastFrame: number, nowMs: number): void {
    const session = this.#current(header, nowMs)
    if (session === undefined) return
    if (session.broken || lastFrame >= session.nextFrame) this.#break(nowMs)
    else this.#sendAck(session, { lanes: [], sources: [] })
  }

  /** The session that a frame belongs to, if it is the current one and open. One that we cannot know is to be opened anew. */
  #current(header: FrameHeader, nowMs: number): OpenSession | undefined {
    const session = this.#session
    if (session !== undefined && sameSession(header, session)) return session.welcomed ? session : undefined
    if (session !== undefined && isOlder(header, session)) return undefined
    const isNew = nowMs >= this.#askAtMs || header.generation !== this.#askedGeneration
    if (isNew && header.receiverEpoch < this.#parts.host.epoch) this.#askToReopen(header, nowMs)
    return undefined
  }

  /** Lanes and emissions are for our shards, from shards of the peer; anything else is junk. */
  #checkShards(sections: readonly Section[]): void {
    const { host } = this.#parts
    const isOurs = (shard: number): boolean => host.ownerOf(shard) === host.group
    for (const section of sections) {
      const good =
        section.kind === 'lane'
          ? isOurs(section.to) && host.ownerOf(section.from) === this.peer
          : section.kind === 'mark' ||
            section.kind === 'forwarded' ||
            section.emissions.every(({ shard }) => isOurs(shard))
      if (!good) throw new RangeError('a frame is for shards of another group')
    }
  }

  #break(nowMs: number): void {
    const session = this.#session!
    session.broken = true
    this.#askToReopen(session, nowMs)
  }

  #askToReopen(session: Session, nowMs: number): void {
    const { host, limits } = this.#parts
    this.#askAtMs = nowMs + limits.resendMs
    this.#askedGeneration = session.generation
    host.send(this.peer, this.#begin(FrameKind.reopen, session, host.cut).copy())
  }

  #refuse(senderEpoch: number, error: MillraceError): void {
    this.#refusedEpoch = senderEpoch
    this.#session = undefined
    this.#waiting.clear()
    this.#parts.host.onDiverged(this.peer, error)
  }

  #ack(acked: Acked): void {
    const session = this.#session
    if (session === undefined || !session.welcomed) return
    session.acks += 1
    session.durableFrame = Math.max(session.durableFrame, acked.frame)
    this.#sendAck(session, acked)
  }

  #sendAck(session: OpenSession, positions: Positions): void {
    const out = this.#begin(FrameKind.ack, session, this.#cutToTell)
    const { lanes, sources } = positions
    writeAck(out, { number: session.acks, frame: session.durableFrame, lanes, sources })
    this.#parts.host.send(this.peer, out.copy())
  }

  get #cutToTell(): number {
    const { host, bugs } = this.#parts
    return bugs.cutMissingOnAcks ? 0 : host.cut
  }

  #begin(kind: FrameKind, session: Session, cut: number): ByteWriter {
    const out = new ByteWriter(64)
    writeFrameHeader(out, kind, session, cut)
    return out
  }
}
