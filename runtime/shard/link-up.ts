import { maxUnconfirmedBytes } from '../base/limits.ts'
import type { GroupOptions, Peers } from './group-options.ts'
import type { InLanes } from './lanes/in-lanes.ts'
import { LinkSet } from './lanes/links.ts'
import type { OutLanes } from './lanes/out-lanes.ts'
import { type LinkHost, linkLimits } from './lanes/ports.ts'
import type { Plan } from './plan.ts'
import type { SourceLanes } from './source-lanes.ts'

/** What of a group its links look at. */
export interface Linked {
  readonly plan: Plan
  readonly options: GroupOptions
  readonly outLanes: OutLanes
  readonly inLanes: InLanes
  readonly sources: SourceLanes
  /** The durable number of each route. */
  readonly routeIds: readonly number[]
  readonly cut: number
  readonly congested: boolean
  startCut(cut: number): void
}

/** The links of a group to all others; undefined: there are no others. */
export function linkUp(group: Linked, epoch: number, peers: Peers | undefined): LinkSet | undefined {
  if (peers === undefined || peers.groups.length === 0) return undefined
  const { options, plan, outLanes, inLanes, sources } = group
  const host: LinkHost = {
    group: options.group,
    epoch,
    get cut() {
      return group.cut
    },
    get outboxFull() {
      return group.congested || outLanes.waitingBytes > maxUnconfirmedBytes
    },
    ownerOf: (shard) => options.ownerOf(shard),
    send: (peer, frame) => peers.send(peer, frame),
    onCut: (cut) => group.startCut(cut),
    onDiverged: (peer, error) => peers.diverged(peer, error),
    *sourcePositions() {
      for (const { source, partition, durableNext: next } of sources.all()) yield { source, partition, next }
    },
  }
  const names = {
    routes: plan.routes.map(({ name }) => name),
    routeIds: group.routeIds,
    sinks: plan.sinks.map(({ name }) => name),
    sources: plan.sources.map(({ name }) => name),
    plans: plan.sources.map(({ fingerprint }) => fingerprint),
  }
  const { shardCount, bugs } = options
  return new LinkSet({ host, outLanes, inLanes, names, shardCount, limits: linkLimits, bugs }, peers.groups)
}
