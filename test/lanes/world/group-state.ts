import type { InLanes } from '../../../runtime/shard/lanes/in-lanes.ts'
import type { LaneEntry } from '../../../runtime/shard/lanes/out-lane.ts'
import type { OutLanes } from '../../../runtime/shard/lanes/out-lanes.ts'
import type { Position } from '../../../runtime/shard/record.ts'

/** What a group of the test commits. Contents of messages are kept by lane, so that both ends can be compared. */
export interface GroupState {
  inputs: number
  /** Everything that was ever sent, by `from>to`. */
  readonly sent: Map<string, string[]>
  /** Everything that was ever handled, by `from>to`. */
  readonly handled: Map<string, string[]>
  /** By partition. */
  readonly sources: Map<string, { next: number; readonly seen: string[] }>
  /** Cuts, and what was sealed last when they were noted. */
  readonly cuts: Map<number, Snapshot>
}

/** A commit: the state and the lanes as of it. Never changed afterwards. */
export interface Snapshot {
  readonly commit: number
  readonly state: GroupState
  readonly lanesOut: readonly {
    readonly from: number
    readonly to: number
    readonly sent: Position
    readonly pruned: Position
    readonly entries: readonly LaneEntry[]
  }[]
  readonly lanesIn: readonly { readonly from: number; readonly to: number; readonly position: Position }[]
}

function emptyState(): GroupState {
  return { inputs: 0, sent: new Map(), handled: new Map(), sources: new Map(), cuts: new Map() }
}

export const emptySnapshot: Snapshot = { commit: 0, state: emptyState(), lanesOut: [], lanesIn: [] }

export function copyState(state: GroupState): GroupState {
  const copyLists = (lists: Map<string, string[]>): Map<string, string[]> =>
    new Map([...lists].map(([key, list]) => [key, list.slice()]))
  return {
    inputs: state.inputs,
    sent: copyLists(state.sent),
    handled: copyLists(state.handled),
    sources: new Map([...state.sources].map(([key, { next, seen }]) => [key, { next, seen: seen.slice() }])),
    cuts: new Map(state.cuts),
  }
}

export function snapshotOf(
  commit: number,
  state: GroupState,
  shards: readonly number[],
  outLanes: OutLanes,
  inLanes: InLanes,
): Snapshot {
  return {
    commit,
    state: copyState(state),
    lanesOut: shards.flatMap((shard) =>
      outLanes.lanesFrom(shard).map((lane) => ({
        from: lane.from,
        to: lane.to,
        sent: lane.sent,
        pruned: lane.pruned,
        entries: Array.from({ length: lane.waiting }, (_, i) => lane.entry(lane.pruned.number + 1 + i)!),
      })),
    ),
    lanesIn: [...inLanes.all()].map(({ from, to, staged }) => ({ from, to, position: staged })),
  }
}

/** As recovery does it: positions first, then entries, then `restored`. */
export function restoreLanes(snapshot: Snapshot, outLanes: OutLanes, inLanes: InLanes): void {
  for (const { from, to, sent, pruned } of snapshot.lanesOut) outLanes.restoreLane(from, to, sent, pruned)
  for (const { from, to, entries } of snapshot.lanesOut) {
    for (const entry of entries) outLanes.restoreEntry(from, to, entry)
  }
  outLanes.restored()
  for (const { from, to, position } of snapshot.lanesIn) inLanes.restore(from, to, position)
}
