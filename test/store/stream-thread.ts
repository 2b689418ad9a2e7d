/** A thread that commits to the store of its process, one commit after the other, and tells which are durable. */
import { parentPort, workerData } from 'node:worker_threads'
import { attachLevelStore } from '../../runtime/node/level/attach-store.ts'
import type { SharedStore } from '../../runtime/node/level/store.ts'
import { commit, commitOf, key, openGroup } from '../../runtime/ports/contracts/store-calls.ts'

const { shared, group, count, throws } = workerData as {
  shared: SharedStore
  group: number
  count: number
  /** Whether something is thrown where nobody catches, in the moment before the last commit is written. */
  throws: boolean
}
const store = await attachLevelStore(shared, group + 1)
const { epoch, records } = await openGroup(store, group)
const before = records.at(-1)?.number ?? 0
for (let number = before + 1; number <= before + count; number++) {
  if (throws && number === before + count)
    queueMicrotask(() => {
      throw new Error('thrown where nobody catches')
    })
  await commit(store, commitOf(group, epoch, number, [[key(group, number), new Uint8Array(400)]]))
  parentPort!.postMessage(number)
}
await store.close()
