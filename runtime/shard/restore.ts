import { ByteReader } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import type { Catalog } from './catalog.ts'
import type { InLanes } from './lanes/in-lanes.ts'
import { readMessageHead } from './lanes/message-bytes.ts'
import type { OutLanes } from './lanes/out-lanes.ts'
import type { Plan } from './plan.ts'
import type { Recovered } from './recover.ts'
import type { RowCache } from './row-cache.ts'
import { type EntityTable, type Row, Status } from './row.ts'
import { readEntityKey, Space } from './row-key.ts'
import type { TimerBook } from './timer-book.ts'
import { decodeTimer } from './timers.ts'
import type { LooseRow, WriteBack } from './write-back.ts'

/**
 * Rows whose newest value is only in commit records will be written back in their turn (the map is in that order). What must be known
 * of an entity without asking is put into memory; its state waits until somebody needs it.
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
    for (const shard of recovered.shards.keys()) if (cache.owns(shard)) writeBack.dirty(shardRow(shard), first)
  const { rows } = recovered
  rows.handOver((key, value, firstDirty) => {
    const row = key[0] === Space.entity ? childRow(key, cache, tables) : undefined
    if (row === undefined) return writeBack.put(key, value, firstDirty)
    if (value !== undefined) row.setBase(value, 0, value.length)
    row.status = Status.encoded
    cache.admit(row)
    writeBack.dirty(row, firstDirty)
  })
  writeBack.restore(rows)
  cache.recall = (row) => rows.claim(row, cache)
  // The entities that have those activities.
  cache.missing = cache.missing.filter((row) => !cache.recall(row))
}

/** The row in memory of an activity or an answer; undefined for entities that the program does not have now. */
function childRow(key: Uint8Array, cache: RowCache, tables: ReadonlyMap<number, EntityTable>): Row | undefined {
  const at = readEntityKey(new ByteReader(key, 1))
  const table = tables.get(at.entity)
  if (table === undefined || !cache.owns(at.shard)) return undefined
  const parent = cache.stateRow(table, at.shard, at.key)
  return cache.child(parent, at.field, at.element)
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
