import { assert } from '../../base/assert.ts'
import { ByteReader } from '../../base/bytes.ts'
import { FrameKind, readFrameHeader } from './frame.ts'
import { LinkIn } from './link-in.ts'
import { LinkOut } from './link-out.ts'
import type { LinkParts } from './link-parts.ts'
import type { Inbox } from './ports.ts'
import type { Elsewhere } from '../intake.ts'

/**
 * All links of a group: one end that sends and one that receives for every other group.
 *
 * The group calls, in this order:
 *   onFrame*, tick          at any time, but not from inside another call of this class
 *   take*                   while a batch is filled
 *   sealed(commit)          when the batch got its number: after the lanes' own `sealed`, and even if nothing was taken
 *   durable(commit)         when it is durable: after the lanes' own `durable`, and after source positions have moved
 *
 * A reader of a source calls `resume` before it polls, seeks and calls again if told to, then `beginRecord` and `endRecord` around
 * the steps of every record, `mark` at the end of what it polled, and `tick` to have it sent.
 *
 * K1 `hasTaken` owes a seal, even of a batch in which the group finds nothing to commit: only that brings acks and welcomes.
 */
export class LinkSet implements Elsewhere {
  readonly #parts: LinkParts
  readonly #outs: readonly LinkOut[]
  readonly #ins: readonly LinkIn[]
  readonly #outByGroup: readonly (LinkOut | undefined)[]
  readonly #record = { source: 0, partition: '', offset: 0, next: 0 }
  /** Whether anything was emitted of it. */
  #emitted = false
  /** Which link is taken from first: each in its turn. */
  #turn = 0
  #clockMs = 0
  #elapsedMs = 0

  /** `peers`: every other group that has shards. */
  constructor(parts: LinkParts, peers: readonly number[]) {
    assert(parts.host.epoch > 0, 'epochs begin with 1')
    assert(!peers.includes(parts.host.group), 'a group has no link to itself')
    this.#parts = parts
    this.#outs = peers.map((peer) => new LinkOut(peer, parts))
    this.#ins = peers.map((peer) => new LinkIn(peer, parts))
    const outByGroup: (LinkOut | undefined)[] = (this.#outByGroup = [])
    for (const link of this.#outs) outByGroup[link.peer] = link
  }

  /** A frame from a peer. Junk is dropped. */
  onFrame(peer: number, bytes: Uint8Array, nowMs: number): void {
    const linkOut = this.#outs.find((link) => link.peer === peer)
    const linkIn = this.#ins.find((link) => link.peer === peer)
    if (linkOut === undefined || linkIn === undefined) return
    const reader = new ByteReader(bytes)
    try {
      const header = readFrameHeader(reader)
      const { kind } = header
      if (kind === FrameKind.hello || kind === FrameKind.data || kind === FrameKind.ask)
        linkIn.onFrame(header, reader, this.#elapsed(nowMs))
      else linkOut.onFrame(header, reader)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }

  /** Sends what may be sent, and greets, asks and asks again. To be called whenever something may have changed. */
  tick(nowMs: number): void {
    const elapsedMs = this.#elapsed(nowMs)
    for (const link of this.#outs) link.tick(elapsedMs)
    for (const link of this.#ins) link.tick(elapsedMs)
  }

  /** Whether `take` has something to give. */
  get hasWaiting(): boolean {
    return this.#ins.some((link) => link.hasWaiting)
  }

  get hasTaken(): boolean {
    return this.#ins.some((link) => link.hasTaken)
  }

  /** Hands at most `max` messages, records and marks of other groups to the batch. Returns how many. */
  take(max: number, inbox: Inbox): number {
    let taken = 0
    for (let i = 0; i < this.#ins.length && taken < max; i++) {
      taken += this.#ins[(this.#turn + i) % this.#ins.length]!.take(max - taken, inbox)
    }
    this.#turn += 1
    return taken
  }

  sealed(commit: number): void {
    for (const link of this.#ins) link.sealed(commit)
  }

  /** Acks, welcomes, and sends what the commit released. */
  durable(commit: number, nowMs: number): void {
    const elapsedMs = this.#elapsed(nowMs)
    for (const link of this.#ins) link.durable(commit)
    for (const link of this.#outs) link.tick(elapsedMs)
  }

  /** Whether readers may read on: every peer has room for what they may find for it. */
  get hasCredit(): boolean {
    return this.#outs.every((link) => link.hasCredit)
  }

  /** Whether everything that was ever handed over is durable at its receivers. */
  get isQuiet(): boolean {
    return this.#outs.every((link) => link.isQuiet)
  }

  /**
   * RULE 8: the position from which a reader that stands at `position` must read on; lower than that when a peer needs what was
   * read before. `start`: the first position of the partition that is wanted at all. At the position returned, call again.
   */
  resume(source: number, partition: string, position: number, start: number): number {
    let needed = position
    for (const link of this.#outs) {
      const at = link.sleepsAt(source, partition)
      if (at !== undefined) needed = Math.min(needed, Math.max(at, start))
    }
    if (needed < position && !this.#parts.bugs.resumeFromHighest) return needed
    for (const link of this.#outs) link.wakeUp(source, partition)
    return position
  }

  /** What is emitted and forwarded from here on is of this record. */
  beginRecord(source: number, partition: string, offset: number, next: number): void {
    const record = this.#record
    record.source = source
    record.partition = partition
    record.offset = offset
    record.next = next
  }

  emit(shard: number, route: number, key: string, index: number, timeMs: number, bytes: Uint8Array): void {
    this.#emitted = true
    this.#outTo(shard).emit(this.#record, shard, route, key, index, timeMs, bytes)
  }

  forward(shard: number, timeMs: number, bytes: DataView, start: number, end: number): void {
    this.#outTo(shard).forward(this.#record, timeMs, bytes, start, end)
  }

  abort(): void {
    this.#emitted = false
    for (const link of this.#outs) link.abortRecord()
  }

  endRecord(): void {
    if (!this.#emitted) return
    this.#emitted = false
    for (const link of this.#outs) link.endRecord(this.#record)
  }

  /** Every record before `next` was handed over. */
  mark(source: number, partition: string, next: number): void {
    for (const link of this.#outs) link.mark(source, partition, next)
  }

  /** The lowest position that all peers have durably. Undefined: not every peer has ever told. */
  durableNext(source: number, partition: string): number | undefined {
    let lowest: number | undefined = Number.POSITIVE_INFINITY
    for (const link of this.#outs) {
      const next = link.durableNext(source, partition)
      if (next === undefined) return undefined
      lowest = Math.min(lowest, next)
    }
    return lowest
  }

  /** The highest position that a peer is known to have durably. */
  highestNext(source: number, partition: string): number {
    return Math.max(...this.#outs.map((link) => link.durableNext(source, partition) ?? Number.NEGATIVE_INFINITY))
  }

  #outTo(shard: number): LinkOut {
    return this.#outByGroup[this.#parts.host.ownerOf(shard)]!
  }

  /** Time as links count it: a clock that is set back would have them wait for what they have said long ago. */
  #elapsed(nowMs: number): number {
    if (nowMs > this.#clockMs) this.#elapsedMs += nowMs - this.#clockMs
    this.#clockMs = nowMs
    return this.#elapsedMs
  }
}
