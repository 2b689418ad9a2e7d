/** What clients of a log did, in the order of time. Offsets are known where an answer said them. */
export interface Operation {
  readonly process: number
  /** `info`: nobody knows whether it had an effect. */
  readonly outcome: 'ok' | 'fail' | 'info'
  readonly sends: readonly Sent[]
  readonly polls: readonly Seen[]
}

export interface Seen {
  readonly key: string
  readonly offset: number
  readonly value: unknown
}

export type Sent = Omit<Seen, 'offset'> & { readonly offset: number | undefined }

export type Anomaly =
  | 'inconsistent-offsets'
  | 'G1a'
  | 'G1c'
  | 'precommitted-read'
  | 'lost-write'
  | 'duplicate'
  | 'poll-skip'
  | 'int-poll-skip'
  | 'nonmonotonic-poll'
  | 'nonmonotonic-send'

export interface Problem {
  readonly anomaly: Anomaly
  readonly key: string
  readonly what: string
}

/**
 * What is wrong with a log of transactions, as its clients saw it: values are unique per key, readers see what was committed,
 * each offset holds one value, and a reader goes on where it committed last.
 */
export function checkHistory(history: readonly Operation[]): Problem[] {
  const log = new Log(history)
  return [...log.problems(), ...orderOfSends(history), ...orderOfPolls(history, log), ...circles(history)]
}

const nameOf = ({ key, value }: Omit<Seen, 'offset'>): string => `${key}\u0000${JSON.stringify(value)}`

/** What is known to be in the log. */
class Log {
  /** For each key, by offset: the values that are known to be there. */
  readonly #values = new Map<string, Map<number, Set<string>>>()
  readonly #history: readonly Operation[]
  readonly #read: ReadonlySet<string>
  readonly #highest = new Map<string, number>()

  constructor(history: readonly Operation[]) {
    this.#history = history
    const polls = history.flatMap(({ polls }) => polls)
    this.#read = new Set(polls.map(nameOf))
    for (const { key, offset } of polls) this.#highest.set(key, Math.max(this.#highest.get(key) ?? -1, offset))
    for (const seen of polls) this.#add(seen)
    for (const operation of history) {
      if (!this.#isCommitted(operation)) continue
      for (const { offset, ...sent } of operation.sends) if (offset !== undefined) this.#add({ ...sent, offset })
    }
  }

  /** The offsets from one to before another at which there is a value. */
  between(key: string, from: number, to: number): number[] {
    const offsets = this.#values.get(key)
    const found: number[] = []
    for (let offset = from; offset < to; offset++) if (offsets?.has(offset) === true) found.push(offset)
    return found
  }

  *problems(): Iterable<Problem> {
    for (const [key, offsets] of this.#values) {
      const places = new Map<string, number[]>()
      for (const [offset, values] of offsets) {
        if (values.size > 1) yield { anomaly: 'inconsistent-offsets', key, what: `${offset}: ${[...values].join()}` }
        for (const value of values) places.set(value, [...(places.get(value) ?? []), offset])
      }
      for (const [value, at] of places)
        if (at.length > 1) yield { anomaly: 'duplicate', key, what: `${value} at ${at.join()}` }
    }
    for (const operation of this.#history) {
      const isCommitted = this.#isCommitted(operation)
      const own = new Set(operation.sends.map(nameOf))
      for (const sent of operation.sends) {
        const { key, value, offset } = sent
        const isRead = this.#read.has(nameOf(sent))
        if (operation.outcome === 'fail' && isRead) yield { anomaly: 'G1a', key, what: JSON.stringify(value) }
        if (isCommitted && !isRead && offset !== undefined && offset <= (this.#highest.get(key) ?? -1))
          yield { anomaly: 'lost-write', key, what: `${JSON.stringify(value)} at ${offset}` }
      }
      for (const seen of operation.polls)
        if (own.has(nameOf(seen)))
          yield { anomaly: 'precommitted-read', key: seen.key, what: JSON.stringify(seen.value) }
    }
  }

  /** One of its values that was read proves all of them. */
  #isCommitted({ outcome, sends }: Operation): boolean {
    return outcome === 'ok' || (outcome === 'info' && sends.some((sent) => this.#read.has(nameOf(sent))))
  }

  #add({ key, offset, value }: Seen): void {
    const offsets = this.#values.get(key) ?? new Map<number, Set<string>>()
    this.#values.set(key, offsets.set(offset, (offsets.get(offset) ?? new Set()).add(JSON.stringify(value))))
  }
}

function* orderOfSends(history: readonly Operation[]): Iterable<Problem> {
  const lasts = new Map<string, number>()
  for (const { process, outcome, sends } of history) {
    for (const { key, offset } of outcome === 'ok' ? sends : []) {
      if (offset === undefined) continue
      const last = lasts.get(`${process} ${key}`) ?? -1
      if (offset <= last) yield { anomaly: 'nonmonotonic-send', key, what: `${offset} after ${last}` }
      lasts.set(`${process} ${key}`, offset)
    }
  }
}

function* orderOfPolls(history: readonly Operation[], log: Log): Iterable<Problem> {
  /** Where a process may go on: more than one place when a poll's own end is not known. */
  const positions = new Map<string, Set<number>>()
  for (const { process, outcome, polls } of history) {
    for (const key of new Set(polls.map((seen) => seen.key))) {
      const seen = polls.filter((each) => each.key === key)
      const from = positions.get(`${process} ${key}`)
      const first = seen[0]!.offset
      if (from !== undefined && !from.has(first)) {
        if ([...from].every((position) => first < position))
          yield { anomaly: 'nonmonotonic-poll', key, what: `${first}, not ${[...from].join(' or ')}` }
        const skipped = [...from].map((position) => log.between(key, position, first))
        if (skipped.every(({ length }) => length > 0))
          yield { anomaly: 'poll-skip', key, what: `${skipped[0]!.join()} before ${first}` }
      }
      let next = first
      for (const { offset } of seen) {
        if (offset < next) yield { anomaly: 'nonmonotonic-poll', key, what: `${offset} after ${next - 1}` }
        const between = log.between(key, next, offset)
        if (between.length > 0) yield { anomaly: 'int-poll-skip', key, what: `${between.join()} before ${offset}` }
        next = offset + 1
      }
      if (outcome === 'ok') positions.set(`${process} ${key}`, new Set([next]))
      else if (outcome === 'info') positions.set(`${process} ${key}`, new Set([...(from ?? []), next]))
    }
  }
}

/** Transactions that have read each other's values. */
function* circles(history: readonly Operation[]): Iterable<Problem> {
  const writers = new Map<string, number>()
  history.forEach(({ sends }, i) => sends.forEach((sent) => writers.set(nameOf(sent), i)))
  const readFrom = history.map(({ polls }, i) => {
    const all = polls.flatMap((seen) => writers.get(nameOf(seen)) ?? [])
    return new Set(all.filter((writer) => writer !== i))
  })
  for (const [start, { polls }] of history.entries()) {
    const reached = new Set<number>()
    const open = [...readFrom[start]!]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached.has(at)) continue
      reached.add(at)
      open.push(...readFrom[at]!)
    }
    if (reached.has(start)) yield { anomaly: 'G1c', key: polls[0]!.key, what: `operation ${start}` }
  }
}
