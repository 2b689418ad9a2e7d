/** The data of the source lane model (`source-lane.ts`), and questions about it that change nothing. */
import { sortByText } from './explore.ts'
import { type Link, emptyLink } from './link.ts'

export type ShardName = 'A' | 'B'

export const SHARDS: readonly ShardName[] = ['A', 'B']

/** The id of all sessions that were forgotten. No shard holds it. */
export const FORGOTTEN = 0

export interface SourceLaneState {
  readonly shards: Readonly<Record<ShardName, Shard>>
  /** The reader that is meant to read. */
  reader: Reader | null
  /** The one before it: its frames are still under way, and it may still be running. */
  former: Reader | null
  logEnd: number
  /** The committed start offset. */
  start: number | null
  /** The first start that a reader acted on: what comes after it must take effect. */
  promisedFrom: number | null
  faultsLeft: number
}

export interface Shard {
  durable: Progress
  staged: Progress | null
  session: { id: number; frames: number } | null
}

export interface Progress {
  /** The last offset whose effects are in `applied`; -1 before the first. */
  readonly watermark: number
  readonly applied: readonly number[]
}

export interface Reader {
  isRunning: boolean
  /** The start that it decided for itself. Null, but for the mutation in which each does. */
  readonly ownStart: number | null
  readonly lanes: Readonly<Record<ShardName, Lane>>
}

export interface Lane {
  readonly link: Link<Frame>
  /** Null until the lane is opened first. */
  session: { id: number; frames: number } | null
  next: number
}

export interface Frame {
  /** Of the session. */
  id: number
  readonly kind: 'record' | 'mark'
  n: number
  readonly offset: number
}

export function unreadPartition(records: number, start: 'earliest' | 'latest', faults: number): SourceLaneState {
  const isThere = start === 'earliest'
  const shard = (): Shard => ({ durable: { watermark: -1, applied: [] }, staged: null, session: null })
  return {
    shards: { A: shard(), B: shard() },
    reader: null,
    former: null,
    logEnd: isThere ? records : 0,
    start: isThere ? 0 : null,
    promisedFrom: isThere ? 0 : null,
    faultsLeft: faults,
  }
}

export function newReader(resumedAt: number, ownStart: number | null): Reader {
  const lane = (): Lane => ({ link: emptyLink(), session: null, next: resumedAt })
  return { isRunning: true, ownStart, lanes: { A: lane(), B: lane() } }
}

/** The offset that comes after what is in `progress`. */
export function after({ watermark }: Progress, start: number): number {
  return watermark === -1 ? start : watermark + 1
}

export function isSameSession(lane: Lane, shard: Shard): boolean {
  return lane.session !== null && lane.session.id === shard.session?.id
}

/** An id that nothing in this state still knows. Which one it is makes no difference. */
export function freshId(state: SourceLaneState): number {
  return Math.max(0, ...holdersOfIds(state).map((holder) => holder.id)) + 1
}

/** Puts states that differ only in the order of late frames, or in which ids were made up, into one form. */
export function normaliseSourceLane(state: SourceLaneState): void {
  const { former } = state
  if (former !== null && !former.isRunning) forgetReader(former)
  if (former !== null && isGone(former)) state.former = null
  const names = new Map<number, number>()
  for (const holder of holdersOfIds(state)) {
    const name = names.get(holder.id) ?? names.size + 1
    names.set(holder.id, name)
    holder.id = name
  }
  for (const { link } of lanesIn(state)) sortByText(link.late)
}

/** Of a reader that has ended, only what it sent still matters. */
function forgetReader({ lanes }: Reader): void {
  for (const name of SHARDS) {
    lanes[name].session = null
    lanes[name].next = 0
  }
}

/**
 * Two reductions that make one state of many, and are sound for the protocol as designed only.
 *
 * A session that its shard no longer holds never comes back, and RULE 2 drops its frames whenever they arrive. So they
 * may as well be dropped at once, and the reader's end of it forgotten. And of a session that is held, only how far a
 * number is ahead of what the shard has taken makes a difference; so the numbers are counted from there.
 */
export function reduceSessions({ shards, reader, former }: SourceLaneState): void {
  for (const name of SHARDS) {
    const { session } = shards[name]
    for (const each of [reader, former]) {
      if (each === null) continue
      const lane = each.lanes[name]
      const { inOrder, late } = lane.link
      dropAllBut(session?.id, inOrder)
      dropAllBut(session?.id, late)
      if (session !== null && lane.session?.id === session.id) {
        lane.session.frames -= session.frames
      } else if (lane.session !== null) {
        lane.session = { id: FORGOTTEN, frames: 0 }
        lane.next = 0
      }
      if (session === null) continue
      for (const frame of [...inOrder, ...late]) frame.n = Math.max(0, frame.n - session.frames)
    }
    if (session !== null) session.frames = 0
  }
}

function dropAllBut(id: number | undefined, frames: Frame[]): void {
  frames.splice(0, frames.length, ...frames.filter((frame) => frame.id === id))
}

function isGone({ isRunning, lanes }: Reader): boolean {
  const isEmpty = ({ link }: Lane): boolean => link.inOrder.length === 0 && link.late.length === 0
  return !isRunning && SHARDS.every((name) => isEmpty(lanes[name]))
}

function lanesIn({ reader, former }: SourceLaneState): Lane[] {
  const lanes: Lane[] = []
  for (const each of [reader, former]) if (each !== null) lanes.push(each.lanes.A, each.lanes.B)
  return lanes
}

function holdersOfIds(state: SourceLaneState): { id: number }[] {
  const holders: { id: number }[] = []
  const add = (holder: { id: number } | null): void => {
    if (holder !== null && holder.id !== FORGOTTEN) holders.push(holder)
  }
  add(state.shards.A.session)
  add(state.shards.B.session)
  for (const { session, link } of lanesIn(state)) {
    add(session)
    link.inOrder.forEach(add)
    link.late.forEach(add)
  }
  return holders
}
