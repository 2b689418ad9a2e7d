import type { EntityTable } from './row.ts'
import { type Timer, TimerKind, TimerQueue } from './timers.ts'

/**
 * All pending timers of a group: by owner and name, and in the order in which they fire. Every change is written down until
 * the batch is sealed, so that a batch that must be run again finds the timers as they were.
 */
export class TimerBook {
  readonly queue: TimerQueue = new TimerQueue()
  /** By entity type, key and name. They stay in memory when their entity does not. */
  readonly #owners = new Map<EntityTable, Map<string, Map<string, Timer>>>()
  /** What the batch changed, in order. */
  #journal: TimerChange[] = []
  #late: TimerChange[] = []

  find(table: EntityTable, key: string, name: string): Timer | undefined {
    return this.#owners.get(table)?.get(key)?.get(name)
  }

  /** One is pending per name: setting it again moves it. */
  set(timer: Timer): void {
    const before = this.find(timer.table, timer.key, timer.name)
    if (before !== undefined) before.pending = false
    this.#put(timer)
    this.#journal.push({ timer, before, removed: false })
  }

  /** Removes a timer: it was fired, or cancelled. `late` is a planted bug: the next commit says so, not this one. */
  remove(timer: Timer, late: boolean = false): void {
    if (!timer.pending) return
    timer.pending = false
    this.#take(timer)
    const change = { timer, before: timer, removed: true }
    if (late) this.#late.push(change)
    else this.#journal.push(change)
  }

  /** All but those by which remembered answers are forgotten: answers stay when their entity is forgotten. */
  removeAllOf(table: EntityTable, key: string): void {
    for (const timer of Array.from(this.#owners.get(table)?.get(key)?.values() ?? [])) {
      if (timer.kind !== TimerKind.answer) this.remove(timer)
    }
  }

  /** A timer that the store held at open. */
  restore(timer: Timer): void {
    this.#put(timer)
  }

  /** The last change of every timer name that the batch changed; forgets the journal. */
  sealed(): readonly TimerChange[] {
    const journal = this.#journal
    this.#journal = this.#late
    this.#late = []
    if (journal.length < 2) return journal
    const last = new Map<string, TimerChange>()
    for (const change of journal) {
      const { table, key, name } = change.timer
      const id = `${table.id}/${key.length}/${key}/${name}`
      last.delete(id)
      last.set(id, change)
    }
    return [...last.values()]
  }

  /** Undoes everything since the last seal. */
  revert(): void {
    for (const { timer, before, removed } of this.#journal.reverse()) {
      // What is pending now may be one that was revived a moment ago.
      const pending = removed ? undefined : this.find(timer.table, timer.key, timer.name)
      if (pending !== undefined) {
        pending.pending = false
        this.#take(pending)
      }
      if (before !== undefined) this.#revive(before)
    }
    this.#journal = []
  }

  /** It may have left the queue when it fired, so it enters again; a second place in the queue does no harm to one that is still there. */
  #revive(timer: Timer): void {
    timer.pending = false
    const again: Timer = { ...timer, pending: true }
    this.#put(again)
  }

  #put(timer: Timer): void {
    let keys = this.#owners.get(timer.table)
    if (keys === undefined) this.#owners.set(timer.table, (keys = new Map()))
    let names = keys.get(timer.key)
    if (names === undefined) keys.set(timer.key, (names = new Map()))
    names.set(timer.name, timer)
    this.queue.add(timer)
  }

  #take(timer: Timer): void {
    const keys = this.#owners.get(timer.table)
    const names = keys?.get(timer.key)
    if (names?.get(timer.name) !== timer) return
    names.delete(timer.name)
    if (names.size === 0) keys!.delete(timer.key)
  }
}

export interface TimerChange {
  readonly timer: Timer
  readonly before: Timer | undefined
  readonly removed: boolean
}
