import { assert } from '../../base/assert.ts'
import { ByteWriter } from '../../base/bytes.ts'
import { Chain } from '../../base/hash.ts'
import { corrupt, origin, type Position } from '../record.ts'
import { LaneTable } from './lane-table.ts'
import type { LaneMessage } from './message-bytes.ts'
import { type CommitWaiting, entryBytes, LaneEntry, type LaneVerdict, OutLane, positionOf } from './out-lane.ts'

/** An entry as recovery finds it. */
export interface RecoveredEntry extends LaneMessage, Position {
  readonly commit: number
}

/**
 * The outbox of a group: every lane that leaves one of its shards, those to its own shards included.
 *
 * O1 Entries of a lane are numbered 1, 2, 3, ... for ever, and chained over their bytes. Everything here belongs to a sealed commit.
 * O2 An entry for another group becomes ready when its commit is durable (RULE 1). One for the own group is ready at once:
 *    whatever batch takes it becomes durable after it.
 * O3 An entry waits until its receiver has it durably. What is pruned is told to the next commit (`takeTouched`).
 * O4 No call costs more than the lanes it moves, except those named for recovery.
 */
export class OutLanes {
  readonly #group: number
  readonly #ownerOf: (shard: number) => number
  readonly #chain = new Chain()
  readonly #lanes = new LaneTable<OutLane>()
  readonly #byShard = new Map<number, OutLane[]>()
  readonly #byPeer = new Map<number, OutLane[]>()
  readonly #ready = new Map<number, Set<OutLane>>()
  #touched: OutLane[] = []
  /** Lanes with entries that are sealed but not durable, in the order of the commits. */
  #sealed: { readonly commit: number; readonly lanes: OutLane[] }[] = []
  /** Commits of which entries wait. A map keeps the order of insertion, so the first is the lowest. */
  readonly #commits = new Map<number, CommitWaiting>()
  /** The last that was asked for: nearly always the one that is asked for next. */
  #commit: CommitWaiting = { number: 0, waiting: 0 }
  /** Entries of the commit that is being sealed: their bytes are somebody else's. */
  #fresh: LaneEntry[] = []
  waitingBytes = 0
  waitingCount = 0

  constructor(group: number, ownerOf: (shard: number) => number) {
    this.#group = group
    this.#ownerOf = ownerOf
  }

  /** The bytes must stay as they are until `sealed`. */
  append(from: number, to: number, message: LaneMessage, commit: number): LaneEntry {
    const lane = this.#lane(from, to)
    const { sent } = lane
    const chain = this.#chain
    chain.high = sent.chainHigh
    chain.low = sent.chainLow
    chain.add(message.buffer, message.start, message.end)
    const position = { number: sent.number + 1, chainHigh: chain.high, chainLow: chain.low }
    const entry = new LaneEntry(position, this.#waitingOf(commit), message)
    this.#add(lane, entry)
    this.#fresh.push(entry)
    if (lane.peer === this.#group) {
      this.#becomeReady(lane, entry.number)
      return entry
    }
    let last = this.#sealed.at(-1)
    assert(last === undefined || last.commit <= commit, 'commits come in order')
    if (last?.commit !== commit) this.#sealed.push((last = { commit, lanes: [] }))
    if (lane.sealedIn !== commit) {
      lane.sealedIn = commit
      last.lanes.push(lane)
    }
    return entry
  }

  /**
   * The commit that was being sealed has all its entries: from here on their bytes are their own. Together, but not in the commit's
   * record: one message that waits for long would keep all of it in memory.
   */
  sealed(): void {
    const fresh = this.#fresh
    if (fresh.length === 0) return
    this.#fresh = []
    const out = new ByteWriter(fresh.reduce((size, { start, end }) => size + end - start, 0))
    for (const entry of fresh) {
      const start = out.length
      out.raw(entry.buffer, entry.start, entry.end)
      entry.buffer = out.bytes
      entry.start = start
      entry.end = out.length
    }
  }

  /** O2: everything up to this commit may be sent. */
  durable(commit: number): void {
    let done = 0
    for (; done < this.#sealed.length && this.#sealed[done]!.commit <= commit; done++) {
      for (const lane of this.#sealed[done]!.lanes) {
        let number = lane.sendable
        while (number < lane.sent.number && lane.entry(number + 1)!.commit <= commit) number += 1
        this.#becomeReady(lane, number)
      }
    }
    if (done > 0) this.#sealed.splice(0, done)
  }

  /** Whether the lane has anything that its receiver has not taken: then nothing may overtake it (RULE 1). */
  waits(from: number, to: number): boolean {
    return this.waitingCount > 0 && (this.#lanes.get(from, to)?.waiting ?? 0) > 0
  }

  /** RULE 4: whether a receiver at this position has the same history. A lane that never was is at 0. */
  check(from: number, to: number, number: number, high: number, low: number): LaneVerdict {
    const lane = this.#lanes.get(from, to)
    if (lane !== undefined) return lane.check(number, high, low)
    return number === 0 ? 'ok' : 'ahead-of-sent'
  }

  /** The receiver has everything up to `number` for good. For other groups: `check` said ok. */
  pruneLane(lane: OutLane, number: number): void {
    assert(number <= lane.sent.number, 'only what was sent is pruned')
    if (number <= lane.pruned.number) return
    while (lane.pruned.number < number) {
      const entry = lane.shift()
      this.waitingCount -= 1
      this.waitingBytes -= entryBytes(entry)
      entry.counted.waiting -= 1
      if (entry.counted.waiting === 0) this.#commits.delete(entry.commit)
    }
    if (lane.cursor >= lane.sendable) this.#ready.get(lane.peer)?.delete(lane)
    if (lane.touched) return
    lane.touched = true
    this.#touched.push(lane)
  }

  /** Whether `takeTouched` has something to tell. */
  get hasTouched(): boolean {
    return this.#touched.length > 0
  }

  /** The lanes that were pruned since the last call: for the commit record. (What was sent is in it already.) */
  takeTouched(): readonly OutLane[] {
    const touched = this.#touched
    if (touched.length === 0) return []
    this.#touched = []
    for (const lane of touched) lane.touched = false
    return touched
  }

  /** Commit records from this one on hold entries that wait. Undefined: none does. */
  get lowestWaitingCommit(): number | undefined {
    return this.#commits.keys().next().value
  }

  lane(from: number, to: number): OutLane | undefined {
    return this.#lanes.get(from, to)
  }

  /** Lanes that leave a shard: for its header. */
  lanesFrom(shard: number): readonly OutLane[] {
    return this.#byShard.get(shard) ?? []
  }

  lanesTo(peer: number): readonly OutLane[] {
    return this.#byPeer.get(peer) ?? []
  }

  /** Lanes to a group with entries that may be sent and were not sent in the current session. */
  ready(peer: number): Set<OutLane> {
    let ready = this.#ready.get(peer)
    if (ready === undefined) this.#ready.set(peer, (ready = new Set()))
    return ready
  }

  /** A new session: what lies behind `number` is sent again. */
  rewind(lane: OutLane, number: number): void {
    lane.cursor = number
    const ready = this.ready(lane.peer)
    if (lane.sendable > number) ready.add(lane)
    else ready.delete(lane)
  }

  /** For recovery, first: may be called several times for a lane, the highest positions stay. */
  restoreLane(from: number, to: number, sent: Position, pruned: Position): void {
    const lane = this.#lane(from, to)
    assert(lane.waiting === 0, 'all positions of a lane are restored before its entries')
    if (pruned.number > lane.pruned.number) lane.pruned = positionOf(pruned)
    if (sent.number > lane.sent.number) lane.sent = positionOf(sent)
  }

  /** For recovery, then: the entries in the records, in order. What is pruned is passed over. */
  restoreEntry(from: number, to: number, entry: RecoveredEntry): void {
    const lane = this.#lane(from, to)
    if (entry.number <= lane.pruned.number) return
    const expected = lane.pruned.number + lane.waiting + 1
    if (entry.number !== expected) throw corrupt(`message ${expected} from shard ${from} to shard ${to} is missing`)
    const { sent } = lane
    this.#add(lane, new LaneEntry(entry, this.#waitingOf(entry.commit), entry))
    if (sent.number > entry.number) lane.sent = sent
  }

  /** For recovery, last: everything is restored, and durable. Throws MR_STORE_CORRUPT when entries are missing. */
  restored(): void {
    for (const lane of this.#lanes.all) {
      if (lane.pruned.number > lane.sent.number) lane.sent = lane.pruned
      const { from, to, sent, pruned } = lane
      if (pruned.number + lane.waiting !== sent.number) {
        throw corrupt(`messages from shard ${from} to shard ${to} are missing before number ${sent.number}`)
      }
      lane.cursor = pruned.number
      lane.sendable = pruned.number
      this.#becomeReady(lane, sent.number)
    }
  }

  #lane(from: number, to: number): OutLane {
    const known = this.#lanes.get(from, to)
    if (known !== undefined) return known
    const lane = new OutLane(from, to, this.#ownerOf(to), origin, origin)
    this.#lanes.set(from, to, lane)
    pushTo(this.#byShard, from, lane)
    pushTo(this.#byPeer, lane.peer, lane)
    return lane
  }

  #add(lane: OutLane, entry: LaneEntry): void {
    lane.push(entry)
    this.waitingCount += 1
    this.waitingBytes += entryBytes(entry)
    entry.counted.waiting += 1
  }

  #waitingOf(commit: number): CommitWaiting {
    if (this.#commit.number === commit && this.#commit.waiting > 0) return this.#commit
    let known = this.#commits.get(commit)
    if (known === undefined) this.#commits.set(commit, (known = { number: commit, waiting: 0 }))
    return (this.#commit = known)
  }

  #becomeReady(lane: OutLane, number: number): void {
    lane.sendable = Math.max(lane.sendable, number)
    if (lane.sendable > lane.cursor) this.ready(lane.peer).add(lane)
  }
}

function pushTo<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
