import { assert } from '../base/assert.ts'
import type { MillraceError } from '../base/errors.ts'
import type { Prng } from '../base/prng.ts'
import type { Log, LogRead } from '../ports/log.ts'
import { storeFailed } from '../ports/store-refusals.ts'

/**
 * What may go wrong with one append.
 * `refused`: it did not happen, and the caller is told. `lost`: it did not happen, and nobody knows. `applied`: it happened, and the
 * answer was lost. `late`: nobody answers, and it happens after others did. `repeated`: it happens, and once more later.
 */
export type AppendFault = 'refused' | 'lost' | 'applied' | 'late' | 'repeated'

interface Partition {
  low: number
  /** Those before `low` are gone, but for their place. */
  readonly records: Uint8Array[]
}

const gone = new Uint8Array(0)

/** The brokers of a simulated log: what every process sees. */
export class SimBrokers {
  readonly #partitions = new Map<number, Partition>()

  partition(number: number): Partition {
    let found = this.#partitions.get(number)
    if (found === undefined) this.#partitions.set(number, (found = { low: 0, records: [] }))
    return found
  }

  /** Somebody made the topic anew, or a leader was elected that lacks the newest records. */
  cutTo(number: number, length: number): void {
    const { records } = this.partition(number)
    records.length = Math.min(records.length, length)
  }
}

export interface SimChangelogOptions {
  readonly brokers: SimBrokers
  /** Runs `run` later, never from inside the call; the order of everything is the scheduler's choice. */
  schedule(what: string, run: () => void): void
  readonly prng: Prng
  /** Asked about every append at the moment at which it arrives. */
  fault?(partition: number, bytes: Uint8Array): AppendFault | undefined
}

/** The way of one process to a simulated log. An append takes two moments: it happens, and it is answered. */
export class SimChangelog implements Log {
  readonly #options: SimChangelogOptions
  #dead = false

  constructor(options: SimChangelogOptions) {
    this.#options = options
  }

  append(
    partition: number,
    bytes: Uint8Array,
    done: (error: MillraceError | undefined, offset?: number) => void,
  ): void {
    const own = bytes.slice()
    this.#later('append', () => {
      const fault = this.#options.fault?.(partition, own)
      const answer = this.#arrive(partition, own, fault)
      this.#answer(() => done(answer.error, answer.offset))
    })
  }

  read(number: number, from: number, done: (error: MillraceError | undefined, found?: LogRead) => void): void {
    this.#later('read', () => {
      const { low, records } = this.#options.brokers.partition(number)
      const isThere = from >= low && from < records.length
      const count = 1 + this.#options.prng.below(4)
      const found = isThere ? records.slice(from, from + count).map((record) => record.slice()) : []
      const answer = { low, end: records.length, records: found }
      this.#answer(() => done(undefined, answer))
    })
  }

  deleteBefore(number: number, offset: number, done: (error: MillraceError | undefined) => void): void {
    this.#later('delete', () => {
      const partition = this.#options.brokers.partition(number)
      assert(offset <= partition.records.length, 'records are deleted that are there')
      partition.low = Math.max(partition.low, offset)
      for (let at = 0; at < partition.low; at++) partition.records[at] = gone
      this.#answer(() => done(undefined))
    })
  }

  /** `kill -9`: no callback comes any more. What was on its way may arrive. */
  kill(): void {
    this.#dead = true
  }

  #arrive(
    number: number,
    bytes: Uint8Array,
    fault: AppendFault | undefined,
  ): { readonly error: MillraceError | undefined; readonly offset?: number } {
    const { records } = this.#options.brokers.partition(number)
    if (fault === 'refused') return { error: appendFailed('refused', true) }
    if (fault === 'lost') return { error: appendFailed('lost', false) }
    if (fault === 'late') {
      this.#later('late append', () => void records.push(bytes))
      return { error: appendFailed('late', false) }
    }
    const offset = records.push(bytes) - 1
    if (fault === 'repeated') this.#later('repeated append', () => void records.push(bytes))
    return fault === 'applied' ? { error: appendFailed('applied', false) } : { error: undefined, offset }
  }

  #later(what: string, run: () => void): void {
    this.#options.schedule(`log: ${what}`, run)
  }

  #answer(settle: () => void): void {
    this.#later('answer', () => {
      if (!this.#dead) settle()
    })
  }
}

function appendFailed(fault: AppendFault, certain: boolean): MillraceError {
  return storeFailed(`a simulated append failed (${fault})`, { certain })
}
