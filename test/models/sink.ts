/**
 * A file-like sink, fed from the outbox of a commit group (RULES 1 and 3, and "position and content in one record").
 *
 * The commit group owns the outbox: outputs 1, 2, 3, ..., durable before they may leave, kept until the sink has
 * confirmed them. The sink owns the file and its position record: "up to `length`, the file holds the outputs up to
 * `position`". The record is replaced as a whole, so after a crash it is the old one or the new one.
 *
 *   group                                                 sink
 *   runs an input, stages an output
 *   commits it into the outbox
 *                                                         appends the bytes of the next output (here: two)
 *                                                         syncs the file
 *                                                         writes the position record, syncs it
 *   <------------------------------ confirmed up to position
 *   prunes, in a commit
 *
 *   the sink opens anew: reads the record, cuts the file to `length`, syncs what it read, confirms `position`
 *
 * Faults, a bounded number in any order: the process is killed (what the system was told is kept); the power is lost
 * (of the bytes not yet synced any number is kept, the last of them perhaps as garbage; of two records either). An
 * input that runs again gives another output. Commits are durable at once, as in `disk` durability.
 *
 * Invariants
 *  F1 wrong content: up to its recorded length the file is exactly the outputs up to its recorded position.
 *  F2 taken back: while the sink is open, all of the file is the beginning of the committed outputs, so nobody who
 *     follows the file ever reads what will be something else later.
 *  F3 lost: what was pruned is in the file, durably.
 * Goal: every output is in the file, durably, and pruned.
 */
import { type Model, type Step, type Violation, stepsFrom } from './explore.ts'

export interface SinkBounds {
  readonly outputs: number
  readonly faults: number
}

export type SinkMutation =
  | 'release before commit'
  | 'position written before the data'
  | 'position synced before the data'
  | 'position and length in two records'
  | 'tail is not cut'
  | 'prune when handed over'
  | 'confirm before the record is synced'
  | 'confirm at opening what was read and not synced'

export type SinkViolation = 'wrong content' | 'taken back' | 'lost'

interface Group {
  /** Every output that was committed, with its content. The outbox is what comes after `pruned`. */
  committed: readonly string[]
  pruned: number
  staged: string | null
  /** How often the group forgot what it had run. */
  attempt: number
}

interface PositionRecord {
  readonly position: number
  readonly length: number
}

interface SinkState {
  /** The file as the system shows it; the first `synced` bytes of it would survive a power loss. */
  bytes: readonly string[]
  synced: number
  record: PositionRecord
  /** The record on disk, if that is another one. */
  olderRecord: PositionRecord | null
  /** What the open sink knows; null while it is closed. */
  open: { written: number } | null
}

export interface SinkModelState {
  readonly group: Group
  readonly sink: SinkState
  faultsLeft: number
}

const BYTES_PER_OUTPUT = 2
const GARBAGE = '?'

export function sinkModel(bounds: SinkBounds, mutation?: SinkMutation): Model<SinkModelState, SinkViolation> {
  return {
    initial: {
      group: { committed: [], pruned: 0, staged: null, attempt: 0 },
      sink: { bytes: [], synced: 0, record: { position: 0, length: 0 }, olderRecord: null, open: null },
      faultsLeft: bounds.faults,
    },
    steps: (state) => sinkSteps(state, bounds, mutation),
    violation: sinkViolation,
    goal: ({ group, sink }) => group.pruned === bounds.outputs && sink.olderRecord === null,
  }
}

function sinkViolation({ group, sink }: SinkModelState): Violation<SinkViolation> | undefined {
  const { bytes, record, olderRecord, open } = sink
  const promised = bytesOf(group.committed.slice(0, record.position))
  if (record.length !== promised.length || bytes.slice(0, record.length).join() !== promised.join()) {
    return {
      kind: 'wrong content',
      detail: `[${bytes}] is recorded as ${record.length} bytes up to ${record.position}`,
    }
  }
  const durable = olderRecord ?? record
  if (durable.position < group.pruned) {
    return { kind: 'lost', detail: `pruned up to ${group.pruned}, durable up to ${durable.position}` }
  }
  const all = bytesOf(group.committed)
  if (open !== null && bytes.join() !== all.slice(0, bytes.length).join()) {
    return { kind: 'taken back', detail: `the file shows [${bytes}], committed is [${all}]` }
  }
  return undefined
}

function sinkSteps(
  state: SinkModelState,
  bounds: SinkBounds,
  mutation?: SinkMutation,
): readonly Step<SinkModelState>[] {
  const collector = stepsFrom(state)
  addGroupSteps()
  if (state.sink.open === null) addOpen()
  else addWrites(state.sink.open.written)
  if (state.faultsLeft > 0) addFaults()
  return collector.steps

  function addGroupSteps(): void {
    const { committed, staged, attempt } = state.group
    if (staged !== null) {
      collector.step(`group commits ${staged}`, (to) => {
        to.group.committed = [...committed, staged]
        to.group.staged = null
      })
    } else if (committed.length < bounds.outputs) {
      const content = `${committed.length + 1}.${attempt}`
      collector.step(`group runs an input, stages ${content}`, (to) => {
        to.group.staged = content
      })
    }
  }

  function addOpen(): void {
    const { record } = state.sink
    collector.step(`sink opens at position ${record.position}, length ${record.length}`, (to) => {
      if (mutation !== 'tail is not cut') {
        to.sink.bytes = to.sink.bytes.slice(0, record.length)
        to.sink.synced = Math.min(to.sink.synced, record.length)
      }
      to.sink.open = { written: record.length }
      const isSynced = to.sink.olderRecord === null
      if (isSynced || mutation === 'confirm at opening what was read and not synced') confirm(to, record)
    })
  }

  /** `written`: how many bytes of the stream the open sink has appended, or found. */
  function addWrites(written: number): void {
    const { bytes, synced, record, olderRecord } = state.sink
    const stream = bytesToRelease()
    const next = stream[written]
    if (next !== undefined) {
      collector.step(`sink appends ${next}`, (to) => {
        to.sink.bytes = [...bytes, next]
        if (to.sink.open !== null) to.sink.open.written = written + 1
        if (mutation === 'prune when handed over')
          confirm(to, { position: outputsIn(written + 1), length: written + 1 })
      })
    }
    if (synced < bytes.length) {
      collector.step('sink syncs the file', (to) => {
        to.sink.synced = bytes.length
      })
    }
    addRecord(written, stream.length)
    if (olderRecord !== null) {
      collector.step('sink syncs the record', (to) => {
        to.sink.olderRecord = null
        confirm(to, record)
      })
    }
  }

  function addRecord(written: number, streamLength: number): void {
    const { bytes, synced, record } = state.sink
    const isAhead = mutation === 'position written before the data'
    const position = outputsIn(isAhead ? Math.min(written + BYTES_PER_OUTPUT, streamLength) : written)
    const length = isAhead ? position * BYTES_PER_OUTPUT : bytes.length
    const isWhole = isAhead || written % BYTES_PER_OUTPUT === 0
    const isSynced = isAhead || synced === bytes.length || mutation === 'position synced before the data'
    if (!isWhole || !isSynced || position <= record.position) return
    if (mutation === 'position and length in two records' && record.length < length) {
      collector.step(`sink records length ${length}`, (to) => replaceRecord(to, { position: record.position, length }))
    } else {
      collector.step(`sink records position ${position}, length ${length}`, (to) =>
        replaceRecord(to, { position, length }),
      )
    }
  }

  function replaceRecord(to: SinkModelState, record: PositionRecord): void {
    to.sink.olderRecord ??= to.sink.record
    to.sink.record = record
    if (mutation === 'confirm before the record is synced') confirm(to, record)
  }

  /** RULE 1: only what is committed. */
  function bytesToRelease(): string[] {
    const { committed, staged } = state.group
    if (mutation === 'release before commit' && staged !== null) return bytesOf([...committed, staged])
    return bytesOf(committed)
  }

  function addFaults(): void {
    const { bytes, synced, olderRecord, record } = state.sink
    const fault = (label: string, change: (to: SinkModelState) => void): void => {
      collector.fault(label, (to) => {
        to.faultsLeft -= 1
        change(to)
        restart(to)
      })
    }
    fault('the process is killed', () => {})
    const records = olderRecord === null ? [record] : [olderRecord, record]
    for (const kept of records) {
      for (let length = synced; length <= bytes.length; length += 1) {
        const whole = bytes.slice(0, length)
        const torn = [...whole.slice(0, -1), GARBAGE]
        const shows = `${length} of ${bytes.length} bytes and position ${kept.position} are left`
        fault(`the power is lost; ${shows}`, (to) => losePower(to, kept, whole))
        if (length > synced) fault(`the power is lost; ${shows}, torn`, (to) => losePower(to, kept, torn))
      }
    }
  }

  function restart(to: SinkModelState): void {
    to.group.staged = null
    if (to.group.committed.length < bounds.outputs) to.group.attempt += 1
    to.sink.open = null
  }
}

function losePower(to: SinkModelState, record: PositionRecord, bytes: readonly string[]): void {
  to.sink.record = record
  to.sink.olderRecord = null
  to.sink.bytes = bytes
  to.sink.synced = bytes.length
}

/** The group prunes with its next commit; that it may come later changes nothing, so it comes at once. */
function confirm(to: SinkModelState, { position }: PositionRecord): void {
  to.group.pruned = Math.max(to.group.pruned, position)
}

function bytesOf(outputs: readonly string[]): string[] {
  return outputs.flatMap((output) => Array.from({ length: BYTES_PER_OUTPUT }, (_, index) => `${output}${'ab'[index]}`))
}

function outputsIn(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_OUTPUT)
}
