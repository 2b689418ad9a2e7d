import type { Bugs } from '../bugs.ts'
import type { InLanes } from './in-lanes.ts'
import type { LaneNames } from './names.ts'
import type { OutLanes } from './out-lanes.ts'
import type { LinkHost, LinkLimits } from './ports.ts'

/** What the links of a group are made from. */
export interface LinkParts {
  readonly host: LinkHost
  readonly outLanes: OutLanes
  readonly inLanes: InLanes
  /** Names of the plan's routes, sinks and sources, in the order of the plan. */
  readonly names: LaneNames
  readonly shardCount: number
  readonly limits: LinkLimits
  readonly bugs: Bugs
}
