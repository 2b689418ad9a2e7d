import { ByteReader } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import type { Catalog } from './catalog.ts'
import type { InLanes } from './lanes/in-lanes.ts'
import { readMessageHead } from './lanes/message-bytes.ts'
import type { OutLanes } from './lanes/out-lanes.ts'
import type { Plan } from './plan.ts'
import type { Recovered } from './recover.ts'
import type { RowCache } from './row-cache.ts'
import type { EntityTable } from './row.ts'
import { entityOf, isStateKey, shardOf, Space } from './row-key.ts'
import { RowsInRecords } from './rows-in-records.ts'
import type { TimerBook } from './timer-book.ts'
import { decodeTimer } from './timers.ts'
import type { LooseRow, WriteBack } from './write-back.ts'

/**
 * What is to be done about rows whose newest value is only in commit records, so that they are written back in their turn (they come in
 * that order): states stay there until they are asked for, the others are put into memory.
 */
export function restoreRows(
  recovered: Recovered,
  cache: RowCache,
  writeBack: WriteBack,
  shardRow: (shard: number) => LooseRow,
): void {
  const tables = new Map(cache.tables.map((table) => [table.id, table]))
  const first = recovered.records[0]?.number
  if (first !== undefined)
    for (const shard of recovered.shards.keys()) if (cache.owns(shard)) writeBack.dirtyLoose(shardRow(shard), first)
  const tableOf = (key: Uint8Array, at: number): EntityTable | undefined =>
    key[at] === Space.entity && cache.owns(shardOf(key, at)) ? tables.get(entityOf(key, at)) : undefined
  const { rows } = recovered
  const states: number[] = []
  const others: number[] = []
  for (let i = 0; i < rows.count; i++) {
    const { keyBytes, keyStart } = rows.read(i)
    const isState = tableOf(keyBytes, keyStart) !== undefined && isStateKey(keyBytes, keyStart)
    if (isState) states.push(i)
    else others.push(i)
  }
  cache.inRecords = writeBack.inRecords = new RowsInRecords(cache.shelf, rows, states)
  for (const i of others) {
    const { keyBytes, keyStart, keyEnd, valueBytes, start, end, firstDirty } = rows.read(i)
    const key = keyBytes.subarray(keyStart, keyEnd)
    const value = start < 0 ? undefined : valueBytes.subarray(start, end)
    const table = tableOf(keyBytes, keyStart)
    // What belongs to an entity that the program does not have now is kept as it is.
    if (table === undefined) writeBack.put(key, value, firstDirty)
    else writeBack.dirty(cache.restoreChild(table, key, value), firstDirty)
  }
}

export function restoreTimers(
  recovered: Recovered,
  timers: TimerBook,
  tables: readonly EntityTable[],
  catalog: Catalog,
  plan: Plan,
): void {
  const routes = new Map(plan.routes.map((route, i) => [route.name, i]))
  for (const [key, value] of recovered.timers.values()) {
    const reader = new ByteReader(key, 1)
    const shard = reader.u16()
    const entity = reader.u16()
    const table = tables.find((candidate) => candidate.id === entity)
    if (table === undefined) continue
    const stored = decodeTimer(value)
    const name = catalog.name('route', stored.routeId) ?? ''
    const route = routes.get(name)
    if (route === undefined) throw handlerGone(name)
    timers.restore({ ...stored, table, shard, key: reader.text(), name: reader.text(), route, pending: true })
  }
}

/** Positions of lanes first, then what waits on them. */
export function restoreLanes(
  recovered: Recovered,
  outLanes: OutLanes,
  inLanes: InLanes,
  catalog: Catalog,
  plan: Plan,
): void {
  const routes = new Set(plan.routes.map(({ name }) => name))
  for (const header of recovered.shardHeaders) {
    for (const [to, sent, pruned] of header.lanesOut) outLanes.restoreLane(header.shard, to, sent, pruned)
  }
  for (const { from, to, position } of recovered.lanesPruned.values())
    outLanes.restoreLane(from, to, position, position)
  for (const { from, to, position } of recovered.lanesIn.values()) inLanes.restore(from, to, position)
  for (const message of recovered.messages) {
    const { route } = readMessageHead(new ByteReader(message.buffer, message.start, message.end))
    const name = catalog.name('route', route) ?? ''
    if (!routes.has(name)) throw handlerGone(name)
    outLanes.restoreEntry(message.from, message.to, message)
  }
  outLanes.restored()
}

function handlerGone(name: string): MillraceError {
  return new MillraceError('MR_PROGRAM_CHANGED', `messages wait for "${name}", which this program does not have`, {
    next: 'Run the old program until they are handled, or bring the handler back under this name',
  })
}
