import { type ByteReader, ByteWriter } from '../../base/bytes.ts'
import type { Position } from '../record.ts'
import { DataFrameWriter, type FramePosition } from './data-frame.ts'
import { laneDiverged } from './diverged.ts'
import {
  type Ack,
  type FrameHeader,
  FrameKind,
  type Positions,
  readAck,
  readPositions,
  sameSession,
  type Session,
  writeFrameHeader,
  writeHello,
} from './frame.ts'
import { laneKey } from './lane-table.ts'
import type { LinkParts } from './link-parts.ts'
import type { LaneVerdict } from './out-lane.ts'
import type { RecordPlace } from './ports.ts'
import { ReaderPositions } from './reader-positions.ts'
import { SentFrames } from './sent-frames.ts'

/**
 * The sending end of a link to one other group: its lanes, and the records of sources that this group reads for it.
 *
 *   greeting --welcome, histories fit--> open --reopen, lost ack, new incarnation--> greeting (next generation)
 *       \-------- histories differ -------/--- an ack's history differs ---> diverged, for good
 *
 * W1 A session is one incarnation of each end and a generation; frames in it are numbered 1, 2, 3, ... (RULE 2).
 * W2 Only durable entries are sent (RULE 1), each lane from where its receiver is, in order and without a gap.
 * W3 Nothing is pruned but by a welcome or an ack of the current session whose chain is ours (RULES 3, 4).
 * W4 At most `creditBytes` are on their way; credit returns with acks, and depends on nothing else here (RULE 6).
 * W5 A source partition sends only while its reader has come to the peer's need without leaving anything out (RULE 8).
 * W6 Silence is answered by asking again; only the receiver's answer, never the clock, begins a new session.
 */
export class LinkOut {
  readonly peer: number
  readonly #parts: LinkParts
  readonly #readers = new ReaderPositions()
  readonly #frame = new DataFrameWriter()
  /** Where the frame ended before the record that is being written to it; undefined: none is. */
  #before: FramePosition | undefined = undefined
  #state: 'greeting' | 'open' | 'diverged' = 'greeting'
  #session: Session
  /** The highest incarnation of the peer that was ever heard. */
  #peerEpoch = 0
  readonly #sent = new SentFrames()
  /** When to greet or ask next. */
  #askAtMs = Number.NEGATIVE_INFINITY
  #askDelayMs: number
  #welcomed = false

  constructor(peer: number, parts: LinkParts) {
    this.peer = peer
    this.#parts = parts
    this.#askDelayMs = parts.limits.resendMs
    this.#session = { senderEpoch: parts.host.epoch, receiverEpoch: 0, generation: 1 }
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** W4. False: whoever reads sources for this peer waits. */
  get hasCredit(): boolean {
    return this.#state === 'open' && this.#sent.sizeBytes + this.#frame.length < this.#parts.limits.creditBytes
  }

  /** Whether everything that was ever handed to this link is durable at the peer. */
  get isQuiet(): boolean {
    const { outLanes } = this.#parts
    return this.isOpen && this.#sent.isEmpty && this.#frame.length === 0 && outLanes.ready(this.peer).size === 0
  }

  /** The next offset that the peer needs in this session. Undefined: not known until it has welcomed us. */
  sourcePosition(source: number, partition: string): number | undefined {
    return this.isOpen ? this.#readers.need(source, partition) : undefined
  }

  /** What the peer said last that it has durably. Undefined: it never said anything. */
  durableNext(source: number, partition: string): number | undefined {
    return this.#welcomed ? this.#readers.durable(source, partition) : undefined
  }

  /** W5: a partition that sleeps is at this position or behind it. Undefined: it is awake, or the link is not open. */
  sleepsAt(source: number, partition: string): number | undefined {
    return this.isOpen && !this.#readers.isLive(source, partition) ? this.#readers.need(source, partition) : undefined
  }

  /** The reader stands at or before the peer's need, and leaves nothing out from here on. */
  wakeUp(source: number, partition: string): void {
    if (this.isOpen) this.#readers.wakeUp(source, partition)
  }

  /** A message of the record that is being read, for a shard of the peer. Bytes are copied. What the peer has is passed over. */
  emit(
    record: RecordPlace,
    shard: number,
    route: number,
    key: string,
    index: number,
    timeMs: number,
    bytes: Uint8Array,
  ): void {
    if (this.#before === undefined) {
      if (!this.#wants(record)) return
      this.#before = this.#frame.position
      this.#beginFrame()
      this.#frame.beginRecord(record.source, record.partition, record.offset, record.next)
    }
    this.#frame.emit(shard, route < 0 ? route : this.#parts.names.routeIds[route]!, key, index, timeMs, bytes)
  }

  endRecord({ source, partition, next }: RecordPlace): void {
    if (this.#before === undefined) return
    this.#before = undefined
    this.#frame.endRecord()
    this.#readers.moveTo(source, partition, next)
    this.#endFullFrame()
  }

  /** Nothing of the record that is being read is sent. */
  abortRecord(): void {
    if (this.#before === undefined) return
    this.#frame.backTo(this.#before)
    this.#before = undefined
  }

  /** The record that is being read, as it came: all of it is for the peer. */
  forward(record: RecordPlace, timeMs: number, bytes: DataView, start: number, end: number): void {
    if (!this.#wants(record)) return
    const { source, partition, offset, next } = record
    this.#readers.moveTo(source, partition, next)
    this.#beginFrame()
    this.#frame.forward(source, partition, offset, next, timeMs, bytes, start, end)
    this.#endFullFrame()
  }

  /** W5 */
  #wants({ source, partition, offset }: RecordPlace): boolean {
    return this.isOpen && this.#readers.wants(source, partition, offset)
  }

  /** Nothing more for the peer before `next`. */
  mark(source: number, partition: string, next: number): void {
    if (!this.isOpen || !this.#readers.moveTo(source, partition, next)) return
    this.#beginFrame()
    this.#frame.mark(source, partition, next)
    this.#endFullFrame()
  }

  tick(nowMs: number): void {
    if (this.#state === 'diverged') return
    if (this.#state === 'open') this.#send()
    if (this.#askAtMs === Number.POSITIVE_INFINITY) this.#askAtMs = nowMs + this.#askDelayMs
    if (nowMs < this.#askAtMs) return
    if (this.#state === 'greeting') {
      this.#askAtMs = nowMs + this.#parts.limits.resendMs
      this.#hello()
    } else if (this.#sent.missesAcks) {
      this.#reopen()
      this.tick(nowMs)
    } else if (!this.#sent.isEmpty) {
      this.#ask()
      this.#askDelayMs = Math.min(this.#askDelayMs * 2, this.#parts.limits.resendMs * 16)
      this.#askAtMs = nowMs + this.#askDelayMs
    }
  }

  onFrame(header: FrameHeader, reader: ByteReader): void {
    if (this.#state === 'diverged') return
    if (header.kind === FrameKind.welcome) this.#onWelcome(header, readPositions(reader))
    else if (header.kind === FrameKind.ack) this.#onAck(header, readAck(reader))
    else if (header.kind === FrameKind.reopen) this.#onReopen(header)
  }

  #onWelcome(header: FrameHeader, positions: Positions): void {
    const { senderEpoch, generation } = this.#session
    if (this.#state !== 'greeting' || header.senderEpoch !== senderEpoch || header.generation !== generation) return
    if (header.receiverEpoch < this.#peerEpoch) return
    this.#hearCut(header.cut)
    if (!this.#historiesFit(positions)) return
    const { outLanes } = this.#parts
    for (const { from, to, position } of positions.lanes) {
      const lane = outLanes.lane(from, to)
      if (lane !== undefined) outLanes.pruneLane(lane, position.number)
    }
    for (const lane of outLanes.lanesTo(this.peer)) outLanes.rewind(lane, lane.pruned.number)
    this.#readers.restart(positions.sources)
    this.#peerEpoch = header.receiverEpoch
    this.#session = { senderEpoch, receiverEpoch: header.receiverEpoch, generation }
    this.#state = 'open'
    this.#welcomed = true
    this.#calm()
    this.#send()
  }

  /** RULE 4, for every lane to the peer: one that it does not name is at 0. Nothing has moved when it says no. */
  #historiesFit({ lanes }: Positions): boolean {
    const named = new Set<number>()
    for (const { from, to, position } of lanes) {
      named.add(laneKey(from, to))
      const verdict = this.#check(from, to, position.number, position.chainHigh, position.chainLow)
      if (verdict !== 'ok') return this.#diverge(from, to, verdict, position)
    }
    for (const { from, to } of this.#parts.outLanes.lanesTo(this.peer)) {
      const verdict = named.has(laneKey(from, to)) ? 'ok' : this.#check(from, to, 0, 0, 0)
      if (verdict !== 'ok') return this.#diverge(from, to, verdict, { number: 0, chainHigh: 0, chainLow: 0 })
    }
    return true
  }

  #check(from: number, to: number, number: number, high: number, low: number): LaneVerdict {
    const verdict = this.#parts.outLanes.check(from, to, number, high, low)
    if (verdict === 'forked' && this.#parts.bugs.handshakeComparesNumbersOnly) return 'ok'
    return verdict
  }

  #onAck(header: FrameHeader, ack: Ack): void {
    const current = this.#state === 'open' && sameSession(header, this.#session)
    if (!current && !this.#parts.bugs.staleAckPrunes) return
    this.#hearCut(header.cut)
    const { outLanes } = this.#parts
    for (const { from, to, position } of ack.lanes) {
      const lane = outLanes.lane(from, to)
      if (lane !== undefined && position.number < lane.pruned.number) continue // an ack that was overtaken by a later one
      const verdict = outLanes.check(from, to, position.number, position.chainHigh, position.chainLow)
      if (verdict === 'ok') {
        if (lane !== undefined) outLanes.pruneLane(lane, position.number)
      } else if (current) return void this.#diverge(from, to, verdict, position)
    }
    if (!current) return
    for (const source of ack.sources) this.#readers.acked(source)
    this.#sent.acked(ack.number, ack.lanes.length + ack.sources.length > 0)
    if (this.#sent.durable(ack.frame)) this.#calm()
    this.#send()
  }

  #onReopen(header: FrameHeader): void {
    if (this.#state !== 'open') return
    if (sameSession(header, this.#session) || header.receiverEpoch > this.#session.receiverEpoch) this.#reopen()
  }

  #reopen(): void {
    const { senderEpoch, generation } = this.#session
    this.#session = { senderEpoch, receiverEpoch: 0, generation: generation + 1 }
    this.#state = 'greeting'
    this.#frame.clear()
    this.#readers.sleep()
    this.#sent.restart()
    this.#askAtMs = Number.NEGATIVE_INFINITY
  }

  /** All is well: ask after a full silence, counted from the next tick. A lost ack is not forgotten over it. */
  #calm(): void {
    if (this.#sent.missesAcks) return
    this.#askDelayMs = this.#parts.limits.resendMs
    this.#askAtMs = Number.POSITIVE_INFINITY
  }

  #diverge(from: number, to: number, verdict: LaneVerdict, position: Position): false {
    const { host, outLanes } = this.#parts
    this.#state = 'diverged'
    this.#frame.clear()
    const error = laneDiverged({ from, to, fromGroup: host.group, toGroup: this.peer, verdict, position }, outLanes)
    host.onDiverged(this.peer, error)
    return false
  }

  #hearCut(cut: number): void {
    if (cut > this.#parts.host.cut) this.#parts.host.onCut(cut)
  }

  /** W2, W4: frames with what is durable, as far as the credit goes; then what is begun. */
  #send(): void {
    const { outLanes, limits } = this.#parts
    const ready = outLanes.ready(this.peer)
    for (const lane of ready) {
      if (!this.hasCredit) break
      this.#beginFrame()
      lane.cursor += this.#frame.lane(lane, limits.frameBytes)
      ready.delete(lane)
      if (lane.cursor < lane.sendable) ready.add(lane) // behind the others
      this.#endFullFrame()
    }
    if (this.#frame.length > 0) this.#endFrame()
  }

  #beginFrame(): void {
    if (this.#frame.length === 0) this.#frame.begin(this.#session, this.#sent.last + 1)
  }

  #endFullFrame(): void {
    if (this.#frame.length >= this.#parts.limits.frameBytes) this.#endFrame()
  }

  #endFrame(): void {
    const { host } = this.#parts
    const bytes = this.#frame.end(host.cut)
    if (this.#sent.isEmpty) this.#calm()
    this.#sent.add(bytes.length)
    host.send(this.peer, bytes)
  }

  #hello(): void {
    const { host, names, shardCount } = this.#parts
    const shards: number[] = []
    for (let shard = 0; shard < shardCount; shard++) if (host.ownerOf(shard) === this.peer) shards.push(shard)
    const out = new ByteWriter()
    writeFrameHeader(out, FrameKind.hello, this.#session, host.cut)
    writeHello(out, { ...names, shards })
    host.send(this.peer, out.copy())
  }

  #ask(): void {
    const out = new ByteWriter(32)
    writeFrameHeader(out, FrameKind.ask, this.#session, this.#parts.host.cut)
    out.varint(this.#sent.last)
    this.#parts.host.send(this.peer, out.copy())
  }
}
