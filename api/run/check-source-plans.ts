import { MillraceError } from '../../runtime/base/errors.ts'
import type { LevelStore } from '../../runtime/node/level/store.ts'
import { Catalog } from '../../runtime/shard/catalog.ts'
import type { StoredSource } from '../../runtime/shard/headers.ts'
import type { Plan } from '../../runtime/shard/plan.ts'
import { recover } from '../../runtime/shard/recover.ts'
import { catalogKey } from '../../runtime/shard/row-key.ts'
import { openGroup, readRow } from './store-calls.ts'
import { ownerOf } from './worker-options.ts'

/**
 * Refuses changed steps behind a source that some groups have read further than others, or that were reading when they died: a
 * record would take effect half by the old steps and half by the new (RULE 8).
 *
 * It is asked before any thread runs. So no former reader can still be sending: threads die with their process, the folder has
 * one process, and a thread that takes the place of another runs the same program. That spares what several processes
 * would need here, a durable generation of readers.
 */
export async function checkSourcePlans(store: LevelStore, plan: Plan, acceptTornRecords: boolean): Promise<void> {
  if (acceptTornRecords) return
  const stored = await readRow(store, catalogKey)
  if (stored === undefined) return
  const owner = ownerOf(store.groupCount)
  const found = new Map<string, StoredSource[]>()
  for (let group = 0; group < store.groupCount; group++) {
    const { sources } = recover(group, await openGroup(store, group), (shard) => owner(shard) === group)
    for (const source of sources) {
      const name = `${source.source}/${source.partition}`
      found.set(name, [...(found.get(name) ?? []), source])
    }
  }
  const catalog = Catalog.decode(stored)
  for (const everywhere of found.values()) {
    const name = catalog.name('source', everywhere[0]!.source)
    const source = plan.sources.find((one) => one.name === name)
    if (source === undefined || everywhere.every(({ fingerprint }) => fingerprint === source.fingerprint)) continue
    const { start, next } = everywhere[0]!
    // A group that knows nothing of the partition has nothing of it.
    const isAtRest =
      everywhere.every((one) => one.drained && one.next === next) &&
      (everywhere.length === store.groupCount || next === start)
    if (!isAtRest) throw sourcePlanChanged(source.name)
  }
}

function sourcePlanChanged(source: string): MillraceError {
  return new MillraceError(
    'MR_SOURCE_PLAN_CHANGED',
    `the steps behind source "${source}" have changed since the program was stopped without draining`,
    {
      next: 'Run the old version once more and stop it with Ctrl-C (it drains), or start with --accept-torn-records if a record may take effect half by the old steps and half by the new',
    },
  )
}
