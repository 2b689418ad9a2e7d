/** Where a worker thread begins. */
import { parentPort, workerData } from 'node:worker_threads'
import { attachLevelStore } from '../../../runtime/node/level/attach-store.ts'
import { toWire } from '../../../runtime/node/threads/error-wire.ts'
import { placeOffloads } from '../offload/place-offloads.ts'
import { loadComplete } from './program-reference.ts'
import type { FromThread, ThreadStart, ToThread } from './protocol.ts'
import { ThreadWorker } from './thread-worker.ts'

const start = workerData as ThreadStart
const port = parentPort!
const post = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, transfer)

try {
  const complete = await placeOffloads(await loadComplete(start.program))
  // The stream 0 of the store is the main thread's.
  const store = await attachLevelStore(start.store, start.group + 1)
  const worker = await ThreadWorker.open(start, complete, store, post)
  port.on('message', (message: ToThread) => worker.hear(message))
  worker.run()
} catch (error) {
  post({ kind: 'stopped', error: toWire(error) })
}
