import type { Position } from '../record.ts'
import type { LaneMessage } from './message-bytes.ts'

/** A message that waits on a lane, with the chain up to and including it. */
export class LaneEntry implements LaneMessage, Position {
  readonly number: number
  readonly chainHigh: number
  readonly chainLow: number
  readonly counted: CommitWaiting
  buffer: Uint8Array
  start: number
  end: number

  constructor(position: Position, counted: CommitWaiting, { buffer, start, end }: LaneMessage) {
    this.number = position.number
    this.chainHigh = position.chainHigh
    this.chainLow = position.chainLow
    this.counted = counted
    this.buffer = buffer
    this.start = start
    this.end = end
  }

  /** The commit that decided to send it. */
  get commit(): number {
    return this.counted.number
  }
}

/** How many entries of a commit wait. */
export interface CommitWaiting {
  readonly number: number
  waiting: number
}

export type LaneVerdict = 'ok' | 'behind-pruned' | 'ahead-of-sent' | 'forked'

/**
 * The outbox of one lane. Always `pruned.number <= cursor <= sendable <= sent.number`, and the entries waiting are exactly
 * those from `pruned.number + 1` to `sent.number`.
 */
export class OutLane {
  readonly from: number
  readonly to: number
  /** The group that owns `to`. */
  readonly peer: number
  sent: Position
  pruned: Position
  /** Entries up to this number are durable. */
  sendable = 0
  /** Entries up to this number were sent in the link's current session. */
  cursor = 0
  /** Whether `pruned` has moved since the last seal. */
  touched = false
  /** The last commit that has sent anything on it since it was opened. */
  sealedIn = 0
  /** Those before the head were taken off. */
  #entries: (LaneEntry | undefined)[] = []
  #head = 0

  constructor(from: number, to: number, peer: number, sent: Position, pruned: Position) {
    this.from = from
    this.to = to
    this.peer = peer
    this.sent = sent
    this.pruned = pruned
  }

  get waiting(): number {
    return this.#entries.length - this.#head
  }

  /** A waiting entry by its number. */
  entry(number: number): LaneEntry | undefined {
    return this.#entries[this.#head + number - this.pruned.number - 1]
  }

  push(entry: LaneEntry): void {
    this.#entries.push(entry)
    this.sent = positionOf(entry)
  }

  /** RULE 4: whether a receiver at this position has the same history as this lane. */
  check(number: number, high: number, low: number): LaneVerdict {
    if (number < this.pruned.number) return 'behind-pruned'
    if (number > this.sent.number) return 'ahead-of-sent'
    const at = number === this.pruned.number ? this.pruned : this.entry(number)!
    return at.chainHigh === high && at.chainLow === low ? 'ok' : 'forked'
  }

  /** Takes the oldest entry off: its receiver has it for good. */
  shift(): LaneEntry {
    const entry = this.#entries[this.#head]!
    this.#entries[this.#head] = undefined
    this.#head += 1
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0
      this.#head = 0
    } else if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    this.pruned = positionOf(entry)
    this.cursor = Math.max(this.cursor, entry.number)
    this.sendable = Math.max(this.sendable, entry.number)
    return entry
  }
}

/** Without what an entry refers to: a position is kept for as long as its lane. */
export function positionOf({ number, chainHigh, chainLow }: Position): Position {
  return { number, chainHigh, chainLow }
}

/** What a message takes in a frame, more or less; also what it is counted as in memory. */
export function entryBytes({ start, end }: LaneMessage): number {
  return end - start + 4
}
