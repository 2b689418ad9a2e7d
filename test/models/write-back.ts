/**
 * A log of commit records, with rows written back a few at a time, and the log cut off behind them.
 *
 * The store owns two things, and changes them in atomic batches only: the log, where record n says what commit n
 * changed, and the rows, which may be older than the log's end. The worker owns nothing durable; it keeps the state in
 * memory, and runs ahead by one commit.
 *
 *   commit n is one batch: record n
 *                        + some rows, any, with their value as of n (which ones is the worker's choice)
 *                        + perhaps: the log below m is deleted
 *   recovery: the rows, then all records of the log in order, last wins
 *
 * The log may be deleted below m if every row that was changed in a record below m has been written back at or after
 * its last change there. The worker tracks that as `dirtySince`: the first change of a row since it was last written
 * back. Record n itself always stays; the chain goes on from it. After a recovery a row is dirty since its first change
 * in the log, which may be too careful, never too bold. Records hold whole values, null for a row that was deleted. A
 * commit that runs again, after a crash, changes other values.
 *
 * Faults, a bounded number: the worker and its store crash, between any two batches.
 *
 * Invariant
 *  W1 wrong state: whatever was written back when, recovery gives the state after the last durable commit.
 * Goal: every commit is made.
 */
import { type Model, type Step, type Violation, stepsFrom } from './explore.ts'

export interface WriteBackBounds {
  readonly commits: number
  readonly faults: number
  /**
   * From when a row counts as dirty. `first`: from its first change that is not written back. `last`: from its last
   * one, which lets more of the log go; it is as safe, because a record holds whole values, and would not be if it held
   * differences.
   */
  readonly dirtySince: 'first' | 'last'
}

export type WriteBackMutation =
  | 'writes back what is staged for the next commit'
  | 'writes back the value as of the commit before'
  | 'writes back in a batch of its own, before the commit'
  | 'deletes the log in a batch of its own, before the commit'
  | 'deletes the log past a change that is not written back'
  | 'does not write back that a row was deleted'
  | 'recovery skips the records up to the last write-back'
  | 'recovery takes every row for clean'

export type WriteBackViolation = 'wrong state'

type RowName = 'x' | 'y'
type Value = string | null
type Rows = Readonly<Record<RowName, Value>>
type Changes = Readonly<Partial<Record<RowName, Value>>>

interface LogRecord {
  readonly n: number
  readonly changes: Changes
}

interface Store {
  log: readonly LogRecord[]
  rows: Rows
  last: number
  /** The last commit that wrote anything back. Only a mutation looks at it. */
  lastWriteBack: number
}

interface Worker {
  /** The state as of the last durable commit. */
  rows: Rows
  dirtySince: Readonly<Record<RowName, number | null>>
  /** What commit `last + 1` will change. */
  sealed: Changes | null
  /** What the commit after it will change: the worker runs ahead. */
  staged: Changes | null
}

export interface WriteBackState {
  readonly store: Store
  readonly worker: Worker
  /** What the state after the last durable commit is. Known to the model only. */
  expected: Rows
  attempt: number
  faultsLeft: number
}

const ROWS: readonly RowName[] = ['x', 'y']
const NOTHING: Rows = { x: null, y: null }

export function writeBackModel(
  bounds: WriteBackBounds,
  mutation?: WriteBackMutation,
): Model<WriteBackState, WriteBackViolation> {
  return {
    initial: {
      store: { log: [], rows: NOTHING, last: 0, lastWriteBack: 0 },
      worker: { rows: NOTHING, dirtySince: { x: null, y: null }, sealed: null, staged: null },
      expected: NOTHING,
      attempt: 0,
      faultsLeft: bounds.faults,
    },
    steps: (state) => writeBackSteps(state, bounds, mutation),
    violation: (state) => writeBackViolation(state, mutation),
    goal: ({ store }) => store.last === bounds.commits,
  }
}

function writeBackViolation(
  { store, expected }: WriteBackState,
  mutation?: WriteBackMutation,
): Violation<WriteBackViolation> | undefined {
  const recovered = recover(store, mutation)
  if (ROWS.every((row) => recovered[row] === expected[row])) return undefined
  return { kind: 'wrong state', detail: `recovered ${describeRows(recovered)}, expected ${describeRows(expected)}` }
}

function recover({ log, rows, lastWriteBack }: Store, mutation?: WriteBackMutation): Rows {
  const skipsTo = mutation === 'recovery skips the records up to the last write-back' ? lastWriteBack : 0
  return log.reduce((state, { n, changes }) => (n > skipsTo ? apply(state, changes) : state), rows)
}

function writeBackSteps(
  state: WriteBackState,
  bounds: WriteBackBounds,
  mutation?: WriteBackMutation,
): readonly Step<WriteBackState>[] {
  const collector = stepsFrom(state)
  addRuns()
  addCommits()
  addSeparateBatches()
  if (state.faultsLeft > 0) addCrash()
  return collector.steps

  function addRuns(): void {
    const { sealed, staged } = state.worker
    const slot = sealed === null ? 'sealed' : 'staged'
    const n = state.store.last + (slot === 'sealed' ? 1 : 2)
    if (staged !== null || n > bounds.commits) return
    for (const changes of possibleChanges(`${n}.${state.attempt}`)) {
      collector.step(`worker runs commit ${n}: ${describeRows(changes)}`, (to) => {
        to.worker[slot] = changes
      })
    }
  }

  function addCommits(): void {
    const { sealed } = state.worker
    if (sealed === null) return
    const n = state.store.last + 1
    for (const written of subsetsOf(ROWS)) {
      const dirtySince = dirtyAfter(n, sealed, written)
      for (const below of deletionPoints(n, dirtySince)) {
        const label = `commit ${n}, writes back [${written}], deletes the log below ${below}`
        collector.step(label, (to) => commit(to, n, sealed, written, below))
      }
    }
  }

  function commit(to: WriteBackState, n: number, changes: Changes, written: readonly RowName[], below: number): void {
    const { store, worker } = to
    writeBack(store, written)
    store.log = [...store.log, { n, changes }].filter((record) => record.n >= below)
    store.last = n
    if (written.length > 0) store.lastWriteBack = n
    to.expected = apply(to.expected, changes)
    worker.rows = apply(worker.rows, changes)
    worker.dirtySince = dirtyAfter(n, changes, written)
    worker.sealed = worker.staged
    worker.staged = null
  }

  function writeBack(store: Store, written: readonly RowName[]): void {
    const source = writeBackSource()
    for (const row of written) {
      if (source[row] === null && mutation === 'does not write back that a row was deleted') continue
      store.rows = { ...store.rows, [row]: source[row] }
    }
  }

  /** The state as of the commit of which the write-back is part. */
  function writeBackSource(): Rows {
    const { rows, sealed, staged } = state.worker
    if (mutation === 'writes back the value as of the commit before') return rows
    const asOfCommit = apply(rows, sealed ?? {})
    return mutation === 'writes back what is staged for the next commit' ? apply(asOfCommit, staged ?? {}) : asOfCommit
  }

  function dirtyAfter(n: number, changes: Changes, written: readonly RowName[]): Worker['dirtySince'] {
    const dirtySince = { ...state.worker.dirtySince }
    for (const row of ROWS) {
      if (row in changes && (dirtySince[row] === null || bounds.dirtySince === 'last')) dirtySince[row] = n
      if (written.includes(row)) dirtySince[row] = null
    }
    return dirtySince
  }

  /** Every m below which the log may be deleted, from where it begins now (which deletes nothing) to n. */
  function deletionPoints(n: number, dirtySince: Worker['dirtySince']): number[] {
    const first = state.store.log[0]?.n ?? n
    const isBold = mutation === 'deletes the log past a change that is not written back'
    const limit = isBold ? n : Math.min(n, ...ROWS.map((row) => dirtySince[row] ?? n))
    return Array.from({ length: Math.max(0, limit - first) + 1 }, (_, index) => first + index)
  }

  function addSeparateBatches(): void {
    const { sealed } = state.worker
    if (sealed === null) return
    const n = state.store.last + 1
    for (const row of ROWS) {
      if (mutation === 'writes back in a batch of its own, before the commit') {
        collector.step(`writes back [${row}] as of ${n}`, (to) => writeBack(to.store, [row]))
      }
      if (mutation === 'deletes the log in a batch of its own, before the commit') {
        const points = deletionPoints(n, dirtyAfter(n, sealed, [row]))
        for (const below of points.slice(1)) {
          collector.step(`deletes the log below ${below}, about to write back [${row}] with commit ${n}`, (to) => {
            to.store.log = to.store.log.filter((record) => record.n >= below)
          })
        }
      }
    }
  }

  function addCrash(): void {
    collector.fault('crash and recovery', (to) => {
      to.faultsLeft -= 1
      if (to.store.last < bounds.commits) to.attempt += 1
      to.worker.rows = recover(to.store, mutation)
      to.worker.dirtySince = dirtyInLog(to.store.log)
      to.worker.sealed = null
      to.worker.staged = null
    })
  }

  function dirtyInLog(log: readonly LogRecord[]): Worker['dirtySince'] {
    if (mutation === 'recovery takes every row for clean') return { x: null, y: null }
    const records = bounds.dirtySince === 'first' ? log : log.toReversed()
    const since = (row: RowName): number | null => records.find(({ changes }) => row in changes)?.n ?? null
    return { x: since('x'), y: since('y') }
  }
}

function apply(rows: Rows, changes: Changes): Rows {
  return { ...rows, ...changes }
}

/** A row may be left alone, put, or, which one row suffices for, deleted. */
function possibleChanges(value: string): Changes[] {
  return [{ x: value }, { x: null }, { y: value }, { x: value, y: value }, { x: null, y: value }]
}

function subsetsOf<T>(values: readonly T[]): T[][] {
  return values.reduce<T[][]>((subsets, value) => [...subsets, ...subsets.map((subset) => [...subset, value])], [[]])
}

function describeRows(rows: Changes): string {
  return ROWS.flatMap((row) => (row in rows ? [`${row}=${rows[row]}`] : [])).join(' ')
}
