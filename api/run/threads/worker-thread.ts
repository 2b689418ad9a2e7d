/** Where a worker thread begins: it loads the program, is told which group is its own, and opens that. */
import { parentPort, workerData } from 'node:worker_threads'
import { attachLevelStore } from '../../../runtime/node/level/attach-store.ts'
import { toWire } from '../../../runtime/node/threads/error-wire.ts'
import { placeOffloads } from '../offload/place-offloads.ts'
import { tellDoing } from './doing.ts'
import { loadComplete, type ProgramReference } from './program-reference.ts'
import type { FromThread, ThreadStart, ToThread } from './protocol.ts'
import { ThreadWorker } from './thread-worker.ts'

const port = parentPort!
const post = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, transfer)

try {
  const reference = workerData as ProgramReference
  const complete = await placeOffloads(await loadComplete(reference))
  post({ kind: 'loaded' })
  const early: ToThread[] = []
  let hear = (message: ToThread): unknown => early.push(message)
  const start = await new Promise<ThreadStart>((resolve) => {
    port.once('message', (first: ThreadStart) => {
      port.on('message', (message: ToThread) => hear(message))
      resolve(first)
    })
  })
  // The stream 0 of the store is the main thread's.
  const store = await attachLevelStore(start.store, start.group + 1)
  const worker = await ThreadWorker.open(start, complete, store, post, reference.kind === 'file')
  tellDoing(() => worker.doing)
  process.once('exit', () => worker.exiting())
  hear = (message) => worker.hear(message)
  for (const message of early) hear(message)
  worker.run()
} catch (error) {
  post({ kind: 'stopped', error: toWire(error) })
}
