import { encodeShardHeader } from './headers.ts'
import type { InLanes } from './lanes/in-lanes.ts'
import type { OutLanes } from './lanes/out-lanes.ts'
import { origin, type Position } from './record.ts'
import { shardKey } from './row-key.ts'
import type { SinkLanes } from './sink-lanes.ts'
import type { LooseRow } from './write-back.ts'

export interface ShardParts {
  position(): Position | undefined
  readonly sinkLanes: readonly SinkLanes[]
  readonly inLanes: InLanes
  readonly outLanes: OutLanes
}

/** The header of a shard as a row to be written back: its value is made when it is asked for. */
export function shardRow(shard: number, parts: ShardParts): LooseRow {
  return {
    key: shardKey(shard),
    firstDirty: 0,
    get value(): Uint8Array {
      return encodeShardHeader({
        shard,
        position: parts.position() ?? origin,
        sinks: parts.sinkLanes
          .map((lanes) => [lanes.id, lanes.at(shard)] as const)
          .filter(([, position]) => position.number > 0),
        lanesIn: parts.inLanes.lanesInto(shard).map((lane) => [lane.from, lane.staged] as const),
        lanesOut: parts.outLanes.lanesFrom(shard).map(({ to, sent, pruned }) => [to, sent, pruned] as const),
      })
    },
  }
}
