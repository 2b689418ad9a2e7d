import { ByteReader, ByteWriter } from '../../runtime/base/bytes.ts'
import { MillraceError } from '../../runtime/base/errors.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import type { Store } from '../../runtime/ports/store.ts'
import { Catalog } from '../../runtime/shard/catalog.ts'
import type { Plan } from '../../runtime/shard/plan.ts'
import { readMessageHead } from '../../runtime/shard/lanes/message-bytes.ts'
import { type Recovered, recover } from '../../runtime/shard/recover.ts'
import { after, catalogKey, readEntityKey, Space } from '../../runtime/shard/row-key.ts'
import { decodeTimer, TimerKind } from '../../runtime/shard/timers.ts'
import { openGroup, readRow } from './store-calls.ts'
import { ownerOf } from './worker-options.ts'

/**
 * Refuses a program that has lost what the store still needs: an entity with state, or a handler that a timer or a message
 * waits for. Where no name is gone, that costs one read.
 */
export async function checkProgram(store: LevelStore, plan: Plan): Promise<void> {
  const stored = await readRow(store, catalogKey)
  if (stored === undefined) return
  const catalog = Catalog.decode(stored)
  const entities = goneFrom(catalog.names('entity'), plan.entities)
  const routes = goneFrom(catalog.names('route'), plan.routes)
  if (entities.size === 0 && routes.size === 0) return
  const owner = ownerOf(store.groupCount)
  for (let group = 0; group < store.groupCount; group++) {
    const isOwn = (shard: number): boolean => owner(shard) === group
    const recovered = recover(group, await openGroup(store, group), isOwn)
    checkTimers(recovered, entities, routes, plan)
    checkMessages(recovered, routes, plan)
    for (const [id, name] of entities) {
      const shards = Array.from({ length: store.shardCount }, (_, shard) => shard).filter(isOwn)
      const key = await anyKey(store, shards, id, recovered)
      if (key !== undefined)
        throw changed(plan, `entity ${JSON.stringify(name)}`, `state, of key ${JSON.stringify(key)} for one`)
    }
  }
}

/** Names that the program does not have, by the numbers that stand for them in the store. */
function goneFrom(names: readonly string[], left: readonly { readonly name: string }[]): Map<number, string> {
  const known = new Set(left.map(({ name }) => name))
  return new Map([...names.entries()].filter(([, name]) => !known.has(name)))
}

type Gone = ReadonlyMap<number, string>

function checkTimers(recovered: Recovered, entities: Gone, routes: Gone, plan: Plan): void {
  for (const [rowKey, value] of recovered.timers.values()) {
    const reader = new ByteReader(rowKey, 3)
    const entity = entities.get(reader.u16())
    const timer = `a timer, of key ${JSON.stringify(reader.text())} for one`
    if (entity !== undefined) throw changed(plan, `entity ${JSON.stringify(entity)}`, timer)
    const { kind, routeId } = decodeTimer(value)
    // Other kinds are not for a handler.
    const route = kind === TimerKind.user || kind === TimerKind.retry ? routes.get(routeId) : undefined
    if (route !== undefined) throw changed(plan, `handler ${JSON.stringify(route)}`, timer)
  }
}

function checkMessages(recovered: Recovered, routes: Gone, plan: Plan): void {
  const pruned = new Map<string, number>()
  for (const { shard, lanesOut } of recovered.shardHeaders)
    for (const [to, , at] of lanesOut) pruned.set(`${shard}/${to}`, at.number)
  for (const { from, to, position } of recovered.lanesPruned.values()) pruned.set(`${from}/${to}`, position.number)
  for (const { from, to, number, buffer, start, end } of recovered.messages) {
    const { route, key } = readMessageHead(new ByteReader(buffer, start, end))
    const name = routes.get(route)
    if (name === undefined || number <= (pruned.get(`${from}/${to}`) ?? 0)) continue
    throw changed(plan, `handler ${JSON.stringify(name)}`, `a message, to key ${JSON.stringify(key)} for one`)
  }
}

/** The key of any row that an entity has, in the store's rows or in commit records. */
async function anyKey(
  store: Store,
  shards: readonly number[],
  entity: number,
  recovered: Recovered,
): Promise<string | undefined> {
  const isOf = (rowKey: Uint8Array): boolean => rowKey[0] === Space.entity && new ByteReader(rowKey, 3).u16() === entity
  for (const [key, value] of recovered.rows)
    if (value !== undefined && isOf(key)) return readEntityKey(new ByteReader(key, 1)).key
  for (const shard of shards) {
    const prefix = new ByteWriter(8)
    prefix.u8(Space.entity)
    prefix.u16(shard)
    prefix.u16(entity)
    const from = prefix.copy()
    for await (const [key] of store.scan(from, after(from))) {
      const newest = recovered.rows.get(key)
      if (newest === undefined || newest.value !== undefined) return readEntityKey(new ByteReader(key, 1)).key
    }
  }
  return undefined
}

function changed(plan: Plan, what: string, has: string): MillraceError {
  return new MillraceError(
    'MR_PROGRAM_CHANGED',
    `${what} is no longer part of pipeline ${JSON.stringify(plan.name)}, but the data folder still holds ${has}`,
    {
      next: 'Put it back as it was (an entity that no stream leads to: use(TheEntity)), or start with another data folder',
    },
  )
}
