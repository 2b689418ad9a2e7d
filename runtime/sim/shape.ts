import type { Prng } from '../base/prng.ts'
import type { Delays } from './scheduler.ts'

/** What a seed makes of everything that may be one way or another without being a fault. */
export interface Shape {
  readonly nodes: number
  readonly workersPerNode: number
  readonly shardCount: number
  /** The group of each shard. */
  readonly owners: readonly number[]
  readonly durability: 'disk' | 'process'
  readonly guarantee: 'effectively-once' | 'at-least-once'
  readonly cacheBytes: number
  readonly windowBytes: number
  readonly maxBatchMessages: number
  readonly maxHops: number
  readonly recordsPerTick: number
  readonly commitPauseMs: number
  readonly smallBatchMessages: number
  readonly readAhead: number
  /** Probability that an offset of a log is passed over. */
  readonly gaps: number
  /** Records that are there from the beginning; the others are appended as time goes by. */
  readonly firstRecords: number
  readonly delays: Readonly<Record<'tick' | 'store' | 'source' | 'sink' | 'link' | 'caller', Delays>>
  /** Steps during which faults may happen. */
  readonly faultSteps: number
  /** Whether everybody stops in an orderly way at the end. */
  readonly drains: boolean
}

/** `hosts`: how many commit groups there may be. */
export function drawShape(prng: Prng, hosts: readonly number[]): Shape {
  const groups = prng.pick(hosts)
  const workersPerNode = prng.pick([1, groups, prng.chance(0.5) ? 2 : 1].filter((count) => groups % count === 0))
  const shardCount = Math.max(groups, prng.pick([1, 2, 3, 5, 8, 16, 64]))
  const owners = prng.shuffle(Array.from({ length: shardCount }, (_, i) => (i < groups ? i : prng.below(groups))))
  const slow = (typicalMs: number): Delays => ({
    typicalMs: prng.pick([0, typicalMs, 4 * typicalMs]),
    slowChance: prng.pick([0, 0, 0.05, 0.3]),
    slowMs: 50 * typicalMs,
  })
  return {
    nodes: groups / workersPerNode,
    workersPerNode,
    shardCount,
    owners,
    durability: prng.chance(0.25) ? 'process' : 'disk',
    guarantee: prng.chance(0.2) ? 'at-least-once' : 'effectively-once',
    cacheBytes: prng.pick([0, 500, 2_000, 20_000, 1 << 20]),
    windowBytes: prng.pick([0, 300, 2_000, 20_000, 1 << 20]),
    maxBatchMessages: prng.pick([1, 2, 3, 10, 100, 8_192]),
    maxHops: prng.pick([0, 1, 2, 4, 16]),
    recordsPerTick: prng.pick([1, 2, 7, 50, 1_000]),
    readAhead: prng.pick([1, 3, 20, 1_000]),
    gaps: prng.pick([0, 0, 0.1, 0.5]),
    firstRecords: prng.pick([0, 1, 5, 1_000]),
    delays: { tick: slow(1), store: slow(2), source: slow(2), sink: slow(3), link: slow(2), caller: slow(10) },
    faultSteps: prng.pick([100, 300, 1_000, 3_000]),
    drains: prng.chance(0.5),
    commitPauseMs: prng.pick([0, 0, 0, 2]),
    smallBatchMessages: prng.pick([2, 50]),
  }
}

/** Once the world is being healed, everything is quick. */
export const healthy: Delays = { typicalMs: 1, slowChance: 0, slowMs: 0 }
