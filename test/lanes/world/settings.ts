import { mix32 } from '../../../runtime/base/hash.ts'
import type { LaneNames } from '../../../runtime/shard/lanes/names.ts'
import type { LinkLimits } from '../../../runtime/shard/lanes/ports.ts'
import type { Emission } from '../emission.ts'

export const shardCount = 6
export const partitions: readonly string[] = ['p', 'q']
export const recordCount = 24
/** Offsets go up by this much, as byte offsets do. */
export const recordSize = 10
/** Small, so that frames, credit and silence matter within a few hundred milliseconds. */
export const limits: LinkLimits = { creditBytes: 700, frameBytes: 150, resendMs: 20 }
export const names: LaneNames = {
  routes: ['target.handler'],
  routeIds: [7],
  sinks: ['out'],
  sources: ['log'],
  plans: ['plan'],
}

export function groupOf(shard: number, groupCount: number): number {
  return shard % groupCount
}

export function shardsOf(group: number, groupCount: number): number[] {
  return Array.from({ length: shardCount }, (_, shard) => shard).filter((shard) => groupOf(shard, groupCount) === group)
}

/** What the pure steps make of a record: none to three messages, always the same. */
export function emissionsOf(partition: string, offset: number): readonly Emission[] {
  return emissions.get(`${partition}@${offset}`)!
}

const emissions = new Map<string, readonly Emission[]>()
for (const partition of partitions) {
  for (let i = 0; i < recordCount; i++)
    emissions.set(`${partition}@${i * recordSize}`, expand(partition, i * recordSize))
}

function expand(partition: string, offset: number): Emission[] {
  const hash = mix32(offset + partition.charCodeAt(0) * 7_919) >>> 0
  return Array.from({ length: hash % 4 }, (_, index) => {
    const bytes = Uint8Array.from(`${partition}@${offset}.${index}`, (letter) => letter.charCodeAt(0))
    const shard = (hash >>> (8 + index * 4)) % shardCount
    return { shard, route: index === 2 ? -2 : 0, key: 'key', index, timeMs: offset, bytes }
  })
}
