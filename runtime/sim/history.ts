import type { JournalEvent, Sealed } from './journal.ts'
import type { Problems } from './problems.ts'

/** A commit that took place. Moments are positions in the journal. */
export interface Commit extends Sealed {
  readonly sealedAt: number
  /** When somebody first knew that it is durable: its owner was told so, or the next owner found it in the store. */
  durableAt: number
  /** Its group has forgotten commits before: the world may know what this one decides for longer than that. */
  isAgain: boolean
}

/**
 * Finds out which sealed commits took place.
 *
 * Y1 A commit took place if it was confirmed, or if a later owner found it in the store.
 * Y2 When a later owner opens at number n, whatever earlier owners sealed beyond n never took place: the store had fenced them.
 * Y3 A commit that was confirmed is never undone, unless the disk forgot it (durability `process` and a power cut).
 */
export class History {
  readonly #problems: Problems
  readonly #groups = new Map<number, Group>()

  constructor(problems: Problems) {
    this.#problems = problems
  }

  static read(journal: readonly JournalEvent[], problems: Problems): History {
    const history = new History(problems)
    journal.forEach((event, at) => history.#add(event, at))
    return history
  }

  /** Every commit that took place, in the order in which they became known to be durable. */
  commits(): Commit[] {
    return [...this.#groups.values()]
      .flatMap(({ durable }) => durable)
      .sort((a, b) => a.durableAt - b.durableAt || a.number - b.number)
  }

  /** Number of the newest commit of a group. */
  newest(group: number): number {
    return this.#groups.get(group)?.durable.length ?? 0
  }

  #add(event: JournalEvent, at: number): void {
    if (event.kind === 'sealed') this.#sealed({ ...event, sealedAt: at, durableAt: -1, isAgain: false })
    else if (event.kind === 'committed') this.#committed(event.group, event.epoch, event.number, at)
    else if (event.kind === 'opened') this.#opened(event.group, event.epoch, event.number, at)
    else if (event.kind === 'forgot') this.#group(event.group).mayForget = true
  }

  #group(group: number): Group {
    let found = this.#groups.get(group)
    if (found === undefined)
      this.#groups.set(group, (found = { epoch: 0, mayForget: false, hasForgotten: false, durable: [], open: [] }))
    return found
  }

  #sealed(commit: Commit): void {
    const group = this.#group(commit.group)
    if (commit.epoch < group.epoch) return // Y2: it is fenced already, whether it knows or not
    group.open.push(commit)
  }

  #committed(name: number, epoch: number, number: number, at: number): void {
    const group = this.#group(name)
    if (number <= group.durable.length && group.durable[number - 1]!.epoch === epoch) return
    const commit = group.open.find((open) => open.epoch === epoch && open.number === number)
    if (commit === undefined) {
      this.#problems.add(
        'history',
        `commit ${number} of group ${name} was confirmed to its owner of epoch ${epoch}, which had been fenced by ${group.epoch}`,
      )
    } else this.#settle(group, commit, at)
  }

  #settle(group: Group, commit: Commit, at: number): void {
    if (commit.number !== group.durable.length + 1) {
      this.#problems.add(
        'history',
        `commit ${commit.number} of group ${commit.group} became durable after ${group.durable.length}`,
      )
      return
    }
    commit.durableAt = at
    commit.isAgain = group.hasForgotten
    group.durable.push(commit)
    group.open = group.open.filter((open) => open !== commit)
  }

  #opened(name: number, epoch: number, number: number, at: number): void {
    const group = this.#group(name)
    if (epoch < group.epoch) return // it was fenced before it heard that it was open
    if (epoch === group.epoch) this.#problems.add('history', `group ${name} was opened twice with epoch ${epoch}`)
    group.epoch = epoch
    for (let next = group.durable.length + 1; next <= number; next++) {
      const commit = group.open.find((open) => open.number === next)
      if (commit === undefined) {
        this.#problems.add(
          'history',
          `group ${name} was opened at commit ${number}, but nobody ever sealed commit ${next}`,
        )
        return
      }
      this.#settle(group, commit, at)
    }
    if (number < group.durable.length) {
      if (!group.mayForget)
        this.#problems.add(
          'lost',
          `group ${name} was opened at commit ${number}, but ${group.durable.length} commits were confirmed`,
        )
      group.durable.length = number
      group.hasForgotten = true
    }
    group.open = []
    group.mayForget = false
  }
}

interface Group {
  epoch: number
  mayForget: boolean
  hasForgotten: boolean
  /** In order; commit n is at n - 1. */
  readonly durable: Commit[]
  /** Sealed, outcome unknown. */
  open: Commit[]
}
