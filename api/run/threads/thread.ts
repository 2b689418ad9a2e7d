import { MessageChannel, Worker as Thread, type TransferListItem } from 'node:worker_threads'
import { messageOf } from '../../../runtime/base/errors.ts'
import type { SharedStore } from '../../../runtime/node/level/store.ts'
import { SharedCounts } from '../../../runtime/node/threads/shared-counts.ts'
import type { FromThread, ThreadStart, ToThread } from './protocol.ts'
import type { ProgramReference } from './program-reference.ts'

export interface ThreadParts {
  readonly program: ProgramReference
  readonly store: SharedStore
  readonly group: number
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  readonly once: boolean
  readonly offloadThreads: number | undefined
  readonly careful: boolean
  /** Those that run now: they are told how to reach this one. */
  readonly others: readonly WorkerThread[]
  heard(message: FromThread): void
  /** It is gone, and nothing more of it will be heard. `why`: undefined when it said that it had stopped. */
  ended(why: string | undefined): void
}

/** One incarnation of a worker thread, as the main thread sees it. */
export class WorkerThread {
  readonly group: number
  readonly counts: SharedCounts = new SharedCounts()
  readonly #thread: Thread
  #stopped = false
  #why: string | undefined

  constructor(parts: ThreadParts) {
    const { program, store, group, follow, acceptTornRecords, once, offloadThreads, careful } = parts
    this.group = group
    const peers = parts.others.map((other) => {
      const { port1, port2 } = new MessageChannel()
      other.tell({ kind: 'peer', group, port: port1 }, [port1])
      return { group: other.group, port: port2 }
    })
    const start: ThreadStart = {
      program,
      store,
      group,
      follow,
      acceptTornRecords,
      once,
      offloadThreads,
      counts: this.counts.memory,
      peers,
      careful,
    }
    this.#thread = new Thread(entry(), { workerData: start, transferList: peers.map(({ port }) => port) })
    this.#thread.on('message', (message: FromThread) => {
      parts.heard(message)
      if (message.kind !== 'stopped') return
      this.#stopped = true
      // What the program left open must not keep the thread.
      void this.#thread.terminate()
    })
    this.#thread.on('error', (error) => (this.#why ??= messageOf(error)))
    this.#thread.on('exit', (code) =>
      parts.ended(this.#stopped ? undefined : (this.#why ?? `it was ended with exit code ${code}`)),
    )
  }

  tell(message: ToThread, transfer: readonly TransferListItem[] = []): void {
    this.#thread.postMessage(message, transfer)
  }

  /** Ends it wherever it is. What it has not committed never happened. */
  kill(why: string): void {
    this.#why ??= why
    void this.#thread.terminate()
  }
}

function entry(): URL {
  const built = new URL('./worker-thread.js', import.meta.url)
  return import.meta.url.endsWith('.js') ? built : new URL(built.href.replace(/js$/, 'ts'))
}
