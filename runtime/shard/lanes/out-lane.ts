import type { Position } from '../record.ts'
import type { LaneMessage } from './ports.ts'

/** A message on a lane, with the chain up to and including it. */
export interface LaneEntry extends LaneMessage, Position {
  readonly from: number
  readonly to: number
  /** The commit that decided to send it. */
  readonly commit: number
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
    this.sent = entry
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
    if (this.#head > 32 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
    this.pruned = { number: entry.number, chainHigh: entry.chainHigh, chainLow: entry.chainLow }
    this.cursor = Math.max(this.cursor, entry.number)
    this.sendable = Math.max(this.sendable, entry.number)
    return entry
  }
}

/** What an entry takes in a frame, more or less; also what it is counted as in memory. */
export function entryBytes(entry: LaneMessage): number {
  return entry.end - entry.start + entry.key.length + 24
}
