/**
 * Source lanes, which need no outbox (RULE 8): one partition of a log, two shards, readers that may overlap.
 *
 * The log owns the records, 0, 1, 2, ...; it can be read again. A shard owns its watermark: the offset up to which the
 * effects are durable (-1 before the first). A reader owns nothing: what it knows, it can find out again.
 *
 *   reader                                                shard
 *   starts at the lowest durable watermark + 1
 *   opens a session, is told the durable watermark ---->  grants it, drops what it had staged
 *   record(session, #n, offset) ----------------------->  takes the next of its session (RULE 2), but passes over
 *   mark(session, #n, offset) ------------------------->    an offset that it has had; drops all else, ends the session
 *                                                         commits effects and watermark in one record
 *
 * A mark says: "record `offset` is not for you". So records for other shards move the watermark on too. The two ends
 * open a session in one step here; `lane.ts` takes the handshake apart. With start `latest`, the offset at which a
 * partition is first read is decided once, and committed before the first frame is sent.
 *
 * Faults, a bounded number in any order: a frame of the reader is late or lost; a copy of one comes late; a shard is
 * opened anew elsewhere; a new reader takes over, and the old one is dead, or is only believed to be (it goes on
 * reading, and may open its sessions again).
 *
 * Invariant
 *  S1 lost, doubled: a shard at watermark w has applied its own records from the promised start up to w, each once,
 *     and no other.
 * Goal: the watermark of both shards is durable at the end of the log.
 */
import { type Model, type Step, type Violation, stepsFrom } from './explore.ts'
import { arrivals, makeLate, makeLateCopy } from './link.ts'
import {
  FORGOTTEN,
  type Frame,
  type Lane,
  type Reader,
  SHARDS,
  type Shard,
  type ShardName,
  type SourceLaneState,
  after,
  freshId,
  isSameSession,
  newReader,
  normaliseSourceLane,
  reduceSessions,
  unreadPartition,
} from './source-lane-state.ts'

export interface SourceLaneBounds {
  /** For each record of the log, the shards that it has something for. */
  readonly records: readonly (readonly ShardName[])[]
  readonly faults: number
  /** `earliest`: all records are there from the beginning. `latest`: they are appended as time goes by. */
  readonly start: 'earliest' | 'latest'
  /** See `reduceSessions`: far fewer states, the same verdict. */
  readonly isReduced: boolean
}

export type SourceLaneMutation =
  | 'resume from the highest watermark'
  | 'no marks'
  | 'marks outside the numbering'
  | 'higher number accepted'
  | 'higher offset accepted, whatever the session'
  | 'session outlives the incarnation of the shard'
  | 'lane goes on where it was when its session ended'
  | 'handshake tells what is only staged'
  | 'start is decided at each start'

export type SourceLaneViolation = 'lost' | 'doubled'

export function sourceLaneModel(
  bounds: SourceLaneBounds,
  mutation?: SourceLaneMutation,
): Model<SourceLaneState, SourceLaneViolation> {
  const end = bounds.records.length
  return {
    initial: unreadPartition(end, bounds.start, bounds.faults),
    steps: (state) => sourceLaneSteps(state, bounds, mutation),
    violation: (state) => sourceLaneViolation(state, bounds),
    goal: ({ shards, promisedFrom }) => SHARDS.every((name) => after(shards[name].durable, promisedFrom ?? 0) === end),
  }
}

function sourceLaneViolation(
  { shards, promisedFrom }: SourceLaneState,
  { records }: SourceLaneBounds,
): Violation<SourceLaneViolation> | undefined {
  for (const name of SHARDS) {
    const { watermark, applied } = shards[name].staged ?? shards[name].durable
    const promised = records.flatMap((targets, offset) => {
      return targets.includes(name) && offset >= (promisedFrom ?? 0) && offset <= watermark ? [offset] : []
    })
    const detail = `${name} at watermark ${watermark} applied [${applied}], promised was [${promised}]`
    if (new Set(applied).size < applied.length) return { kind: 'doubled', detail }
    if (applied.join() !== promised.join()) return { kind: 'lost', detail }
  }
  return undefined
}

function sourceLaneSteps(
  state: SourceLaneState,
  bounds: SourceLaneBounds,
  mutation?: SourceLaneMutation,
): readonly Step<SourceLaneState>[] {
  const collector = stepsFrom(state, (to) => {
    if (bounds.isReduced && mutation === undefined) reduceSessions(to)
    normaliseSourceLane(to)
  })
  addAppend()
  addStart()
  addReaderSteps()
  addDeliveries()
  addCommits()
  if (state.faultsLeft > 0) addFaults()
  return collector.steps

  function addAppend(): void {
    if (state.logEnd === bounds.records.length) return
    collector.step(`record ${state.logEnd} is appended`, (to) => {
      to.logEnd += 1
    })
  }

  function addStart(): void {
    if (state.reader !== null) return
    if (state.start === null && mutation !== 'start is decided at each start') {
      collector.step(`start ${state.logEnd} is decided and committed`, (to) => {
        to.start = to.logEnd
        to.promisedFrom = to.logEnd
      })
    } else {
      collector.step(`a reader starts at ${resumeOffset()}`, (to) => {
        to.reader = newReader(resumeOffset(), state.start === null ? resumeOffset() : null)
      })
    }
  }

  function resumeOffset(): number {
    const { start } = state
    const durable = SHARDS.map((name) => state.shards[name].durable)
    if (start === null && durable.some(({ watermark }) => watermark === -1)) return state.logEnd
    const offsets = durable.map((progress) => after(progress, start ?? 0))
    return mutation === 'resume from the highest watermark' ? Math.max(...offsets) : Math.min(...offsets)
  }

  function addReaderSteps(): void {
    for (const role of ['reader', 'former'] as const) {
      const reader = state[role]
      if (reader === null || !reader.isRunning) continue
      for (const name of SHARDS) {
        addSend(role, name, reader.lanes[name])
        addOpening(role, name, reader)
      }
      if (role === 'former') {
        collector.step('the former reader ends', (to) => {
          if (to.former !== null) to.former.isRunning = false
        })
      }
    }
  }

  function addSend(role: 'reader' | 'former', name: ShardName, { session, next }: Lane): void {
    if (session === null || session.id === FORGOTTEN || next >= state.logEnd) return
    const kind = bounds.records[next]?.includes(name) === true ? 'record' : 'mark'
    const isSent = kind === 'record' || mutation !== 'no marks'
    collector.step(`${role} ${isSent ? 'sends' : 'leaves out'} ${kind} ${next} to ${name}`, (to) => {
      const lane = to[role]?.lanes[name]
      if (!lane?.session) return
      lane.next += 1
      to.promisedFrom ??= to[role]?.ownStart ?? 0
      if (!isSent) return
      lane.session.frames += 1
      lane.link.inOrder.push({ id: lane.session.id, kind, n: lane.session.frames, offset: next })
    })
  }

  function addOpening(role: 'reader' | 'former', name: ShardName, { lanes, ownStart }: Reader): void {
    const lane = lanes[name]
    const shard = state.shards[name]
    const start = state.start ?? ownStart ?? 0
    if (isSameSession(lane, shard) && !hearsNothing(lane, shard, start)) return
    const next = openingOffset(lane, shard, start)
    const label = `${role} opens a session with ${name} at ${next}`
    const open = (to: SourceLaneState): void => {
      const target = to[role]?.lanes[name]
      if (target === undefined) return
      const id = freshId(to)
      target.session = { id, frames: 0 }
      target.next = next
      to.shards[name].session = { id, frames: 0 }
      to.shards[name].staged = null
    }
    // The former reader was told to end; that it opens a session all the same is one of the things that may go wrong.
    if (role === 'reader') collector.step(label, open)
    else if (state.faultsLeft > 0) addFault(label, open)
  }

  /** Everything was sent, nothing is under way, and still the shard is behind: the last frames were lost. */
  function hearsNothing({ link, next }: Lane, { durable, staged }: Shard, start: number): boolean {
    return next === state.logEnd && link.inOrder.length === 0 && staged === null && after(durable, start) < next
  }

  /** A session starts at or before what the shard still needs. */
  function openingOffset({ session, next }: Lane, { durable, staged }: Shard, start: number): number {
    if (session === null || mutation === 'lane goes on where it was when its session ended') return next
    return after(mutation === 'handshake tells what is only staged' ? (staged ?? durable) : durable, start)
  }

  function addDeliveries(): void {
    for (const role of ['reader', 'former'] as const) {
      for (const name of SHARDS) {
        const link = state[role]?.lanes[name].link
        if (link === undefined) continue
        for (const { packet, isLate, takeFrom } of arrivals(link)) {
          collector.step(`${name} gets${isLate ? ', late,' : ''} ${describeFrame(packet, role)}`, (to) => {
            const source = to[role]?.lanes[name].link
            if (source !== undefined) takeFrom(source)
            receive(to.shards[name], name, packet)
          })
        }
      }
    }
  }

  function receive(shard: Shard, name: ShardName, frame: Frame): void {
    const isOutside = frame.kind === 'mark' && mutation === 'marks outside the numbering'
    if (!isOutside && !isNext(shard, frame)) {
      if (shard.session?.id === frame.id) shard.session = null
      return
    }
    if (!isOutside && shard.session !== null) shard.session.frames = frame.n
    const { watermark, applied } = shard.staged ?? shard.durable
    if (frame.offset <= watermark) return
    shard.staged = { watermark: frame.offset, applied: frame.kind === 'record' ? [...applied, frame.offset] : applied }
  }

  /** RULE 2: the next of the current session, and nothing else. */
  function isNext({ session }: Shard, frame: Frame): boolean {
    if (mutation === 'higher offset accepted, whatever the session') return true
    if (session === null || session.id !== frame.id) return false
    return mutation === 'higher number accepted' ? frame.n > session.frames : frame.n === session.frames + 1
  }

  function addCommits(): void {
    for (const name of SHARDS) {
      const { staged } = state.shards[name]
      if (staged === null) continue
      collector.step(`${name} commits watermark ${staged.watermark}`, (to) => {
        to.shards[name].durable = staged
        to.shards[name].staged = null
      })
    }
  }

  function addFault(label: string, change: (to: SourceLaneState) => void): void {
    collector.fault(label, (to) => {
      to.faultsLeft -= 1
      change(to)
    })
  }

  function addFaults(): void {
    for (const name of SHARDS) {
      const frame = state.reader?.lanes[name].link.inOrder[0]
      if (frame !== undefined) {
        const described = describeFrame(frame, 'reader')
        addFault(`late or lost: ${described}`, (to) => makeLate(linkOf(to.reader, name)))
        addFault(`a late copy of ${described}`, (to) => makeLateCopy(linkOf(to.reader, name)))
      }
      addFault(`${name} is opened anew elsewhere`, (to) => {
        to.shards[name].staged = null
        if (mutation !== 'session outlives the incarnation of the shard') to.shards[name].session = null
      })
    }
    if (state.reader === null) return
    addFault('the reader dies', (to) => replaceReader(to, false))
    addFault('the reader is believed dead, and is not', (to) => replaceReader(to, true))
  }
}

function replaceReader(to: SourceLaneState, isRunning: boolean): void {
  if (to.reader === null) return
  to.former = { ...to.reader, isRunning }
  to.reader = null
}

function linkOf(reader: Reader | null, name: ShardName): Lane['link'] {
  if (reader === null) throw new Error('a fault on the link of a reader that is not there')
  return reader.lanes[name].link
}

function describeFrame({ kind, id, n, offset }: Frame, role: 'reader' | 'former'): string {
  return `${kind} ${offset} of the ${role} (session ${id}, #${n})`
}
