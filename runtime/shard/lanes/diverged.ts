import { MillraceError } from '../../base/errors.ts'
import type { Position } from '../record.ts'
import type { LaneVerdict } from './out-lane.ts'
import type { OutLanes } from './out-lanes.ts'

export interface Divergence {
  readonly from: number
  readonly to: number
  readonly fromGroup: number
  readonly toGroup: number
  readonly verdict: LaneVerdict
  /** Where the receiver says that it is. */
  readonly position: Position
}

/** RULE 4: the ends of a lane have different histories. */
export function laneDiverged(
  { from, to, fromGroup, toGroup, verdict, position }: Divergence,
  lanes: OutLanes,
): MillraceError {
  const lane = lanes.lane(from, to)
  const sent = lane?.sent.number ?? 0
  const pruned = lane?.pruned.number ?? 0
  const what = {
    ok: 'agree',
    'behind-pruned': `the receiver is at ${position.number}, but everything up to ${pruned} was given away as received`,
    'ahead-of-sent': `the receiver is at ${position.number}, but only ${sent} were ever sent`,
    forked: `number ${position.number} is another message at the receiver (sent ${sent}, received for good ${pruned})`,
  }[verdict]
  return new MillraceError(
    'MR_LANE_DIVERGED',
    `shard ${from} of group ${fromGroup} and shard ${to} of group ${toGroup} remember different messages between them: ${what}`,
    {
      next:
        'Nothing was dropped or guessed. One of the two has lost commits, as a power cut does with durability "process": ' +
        'bring back its data as of the newest commit, or restore all groups from copies of one moment',
    },
  )
}

export function shardMapDiffers(fromGroup: number, toGroup: number): MillraceError {
  return new MillraceError(
    'MR_SHARD_MAP_DIFFERS',
    `groups ${fromGroup} and ${toGroup} disagree about which shards group ${toGroup} owns`,
    {
      next: 'Nothing was sent. Give every worker the same shard map',
    },
  )
}
