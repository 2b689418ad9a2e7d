import type { LevelStore } from '../../runtime/node/level/store.ts'
import { recover } from '../../runtime/shard/recover.ts'
import { regroup, type RestingGroup } from '../../runtime/shard/regroup.ts'
import { openGroup } from './store-calls.ts'
import { ownerOf } from './worker-options.ts'

/** Divides the shards of a store whose groups are at rest into another number of groups. Throws MR_STOPPED when they are not. */
export async function regroupStore(store: LevelStore, groupCount: number): Promise<void> {
  const owner = ownerOf(store.groupCount)
  const groups: RestingGroup[] = []
  for (const group of store.knownGroups) {
    const hasShards = group < store.groupCount
    const recovered = recover(group, await openGroup(store, group), (shard) => hasShards && owner(shard) === group)
    groups.push({ group, hasShards, recovered })
  }
  const rows = regroup(groups, groupCount)
  await new Promise<void>((resolve, reject) => {
    store.regroup(groupCount, rows, (error) => (error === undefined ? resolve() : reject(error)))
  })
}
