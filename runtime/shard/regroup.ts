import { MillraceError } from '../base/errors.ts'
import {
  encodeGroupHeader,
  encodeShardHeader,
  type GroupHeader,
  type ShardHeader,
  type StoredSource,
} from './headers.ts'
import { origin, type Position } from './record.ts'
import type { Recovered } from './recover.ts'
import { groupKey, shardKey } from './row-key.ts'

/** A group as it was when it came to rest. */
export interface RestingGroup {
  readonly group: number
  /** False: from a time when there were more groups. Only its number and chain count, for when it comes back. */
  readonly hasShards: boolean
  readonly recovered: Recovered
}

type Row = readonly [key: Uint8Array, value: Uint8Array | undefined]

/**
 * How `groupCount` groups begin where others have come to rest: the rows that are to be written, in one step with the removal of
 * all commit records. Shards, with their entities, timers, dead letters and lanes, are rows already, or become rows here. What a
 * group has that belongs to no shard is put together anew:
 *
 *   number and chain      its own, from when it last had shards: they count on for ever
 *   time, cut, letters    the highest of all, because all of them only ever grow
 *   source positions      those of all groups, which must be equal: otherwise a record would be lost or come twice
 *
 * Throws MR_STOPPED when the groups are not at rest: a message waits on a lane, an output for its sink, or a record was read by
 * some of them only.
 */
export function regroup(groups: readonly RestingGroup[], groupCount: number): Row[] {
  const rows: Row[] = []
  for (const { group, recovered } of groups) {
    if (recovered.outputs.count > 0) throw notAtRest(`outputs of group ${group} wait for their sink`)
    for (const row of recovered.rows) rows.push(row)
  }
  for (const header of shardHeaders(groups)) rows.push([shardKey(header.shard), encodeShardHeader(header)])
  for (const header of groupHeaders(groups, groupCount)) rows.push([groupKey(header.group), encodeGroupHeader(header)])
  return rows
}

function groupHeaders(
  groups: readonly RestingGroup[],
  groupCount: number,
): (GroupHeader & { readonly group: number })[] {
  const all = groups.map(({ recovered }) => recovered)
  const common = {
    nowMs: Math.max(0, ...all.map(({ nowMs }) => nowMs)),
    cut: Math.max(0, ...all.map(({ cut }) => cut)),
    deadLetters: Math.max(0, ...all.map(({ deadLetters }) => deadLetters)),
  }
  const sources = commonSources(groups.filter(({ hasShards }) => hasShards).map(({ recovered }) => recovered))
  const own = new Map(groups.map(({ group, recovered }) => [group, recovered]))
  const count = Math.max(groupCount, ...groups.map(({ group }) => group + 1))
  return Array.from({ length: count }, (_, group) => {
    const { number, chainHigh, chainLow } = own.get(group) ?? origin
    return { group, number, chainHigh, chainLow, ...common, sources: group < groupCount ? sources : [] }
  })
}

function commonSources(groups: readonly Recovered[]): StoredSource[] {
  const found = new Map<string, StoredSource>()
  for (const { sources } of groups) {
    for (const source of sources) {
      const name = `${source.source}/${source.partition}`
      const known = found.get(name)
      if (known !== undefined && known.next !== source.next)
        throw notAtRest(
          `partition ${source.partition} of source ${source.source} was not read to the same place by all`,
        )
      // Only who has read it can vouch for the place.
      if (known === undefined || (known.proof === '' && source.proof !== '')) found.set(name, source)
    }
  }
  for (const { sources } of groups)
    for (const one of found.values())
      if (isBehind(one, sources))
        throw notAtRest(`partition ${one.partition} of source ${one.source} was not read by all`)
  return [...found.values()]
}

/** Whether a group knows nothing of a partition of which something was read. */
function isBehind(one: StoredSource, sources: readonly StoredSource[]): boolean {
  return (
    one.next !== one.start &&
    !sources.some(({ source, partition }) => source === one.source && partition === one.partition)
  )
}

function shardHeaders(groups: readonly RestingGroup[]): ShardHeader[] {
  const headers: ShardHeader[] = []
  const into = new Map<string, Position>()
  for (const { recovered } of groups)
    for (const { from, to, position } of recovered.lanesIn.values()) into.set(`${from}/${to}`, position)
  for (const { recovered } of groups) {
    const lanesIn = byShard(recovered.lanesIn.values(), ({ to }) => to)
    const lanesOut = byShard(sentOn(recovered), ({ from }) => from)
    const sinks = byShard(recovered.sinkPositions.values(), ({ shard }) => shard)
    for (const shard of new Set([...recovered.shards.keys(), ...lanesIn.keys(), ...lanesOut.keys(), ...sinks.keys()])) {
      headers.push({
        shard,
        position: recovered.shards.get(shard) ?? origin,
        sinks: (sinks.get(shard) ?? []).map(({ sink, last }) => [sink, last] as const),
        lanesIn: (lanesIn.get(shard) ?? []).map(({ from, position }) => [from, position] as const),
        lanesOut: (lanesOut.get(shard) ?? []).map(({ to, position }) => {
          const arrived = into.get(`${shard}/${to}`) ?? origin
          if (!isSame(arrived, position)) throw notAtRest(`messages from shard ${shard} wait for shard ${to}`)
          return [to, position, position] as const
        }),
      })
    }
  }
  return headers
}

/** Where every lane that leaves a group ends. */
function sentOn({ shardHeaders: stored, lanesPruned, messages }: Recovered): Iterable<LaneEnd> {
  const ends = new Map<string, LaneEnd>()
  const keep = (from: number, to: number, { number, chainHigh, chainLow }: Position): void => {
    const known = ends.get(`${from}/${to}`)
    if (known === undefined || known.position.number < number)
      ends.set(`${from}/${to}`, { from, to, position: { number, chainHigh, chainLow } })
  }
  for (const { shard, lanesOut } of stored) for (const [to, sent] of lanesOut) keep(shard, to, sent)
  for (const { from, to, position } of lanesPruned.values()) keep(from, to, position)
  for (const message of messages) keep(message.from, message.to, message)
  return ends.values()
}

interface LaneEnd {
  readonly from: number
  readonly to: number
  readonly position: Position
}

function byShard<T>(list: Iterable<T>, shardOf: (one: T) => number): Map<number, T[]> {
  const found = new Map<number, T[]>()
  for (const one of list) {
    const known = found.get(shardOf(one))
    if (known === undefined) found.set(shardOf(one), [one])
    else known.push(one)
  }
  return found
}

function isSame(a: Position, b: Position): boolean {
  return a.number === b.number && a.chainHigh === b.chainHigh && a.chainLow === b.chainLow
}

function notAtRest(what: string): MillraceError {
  return new MillraceError('MR_STOPPED', `the number of workers cannot change now: ${what}`, {
    next: 'Start again: what waits is finished first',
  })
}
