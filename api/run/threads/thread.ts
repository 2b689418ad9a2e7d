import { MessageChannel, Worker as Thread, type TransferListItem } from 'node:worker_threads'
import { messageOf } from '../../../runtime/base/errors.ts'
import type { SharedStore } from '../../../runtime/node/level/store.ts'
import { fromWire } from '../../../runtime/node/threads/error-wire.ts'
import { SharedCounts } from '../../../runtime/node/threads/shared-counts.ts'
import { doingOf } from './doing.ts'
import { Outcome } from '../outcome.ts'
import { stoppedEarly } from '../request-errors.ts'
import type { FromThread, ThreadStart, ToThread } from './protocol.ts'
import type { ProgramReference } from './program-reference.ts'

export interface ThreadParts {
  readonly store: SharedStore
  readonly group: number
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  readonly once: boolean
  readonly offloadThreads: number | undefined
  readonly careful: boolean
  /** Those that run now: they are told how to reach this one. */
  readonly others: readonly WorkerThread[]
  heard(message: Exclude<FromThread, { kind: 'loaded' }>): void
  /** It is gone, and nothing more of it will be heard. `why`: undefined when it said that it had stopped. */
  ended(why: string | undefined): void
}

/** One incarnation of a worker thread, as the main thread sees it: it loads the program, and then works for one group. */
export class WorkerThread {
  readonly counts: SharedCounts = new SharedCounts()
  readonly #thread: Thread
  readonly #loading = new Outcome()
  #parts: ThreadParts | undefined = undefined
  #stopped = false
  #gone = false
  #why: string | undefined

  constructor(program: ProgramReference, heapMb: number | undefined) {
    const resourceLimits = heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb }
    this.#thread = new Thread(entry(), { workerData: program, resourceLimits })
    this.#thread.on('message', (message: FromThread) => this.#heard(message))
    this.#thread.on('error', (error) => (this.#why ??= messageOf(error)))
    this.#thread.on('exit', (code) => this.#ended(code))
    this.#loading.promise.catch(() => {}) // who begins at once is told by `heard` and `ended`
  }

  /** The program is loaded, or why it cannot be. */
  get loaded(): Promise<void> {
    return this.#loading.promise
  }

  /** It has died before it was needed. */
  get isGone(): boolean {
    return this.#gone
  }

  get group(): number {
    return this.#parts!.group
  }

  /** Opens a group as soon as the program is loaded. */
  begin(parts: ThreadParts): void {
    this.#parts = parts
    const { store, group, follow, acceptTornRecords, once, offloadThreads, careful } = parts
    const peers = parts.others.map((other) => {
      const { port1, port2 } = new MessageChannel()
      other.tell({ kind: 'peer', group, port: port1 }, [port1])
      return { group: other.group, port: port2 }
    })
    const counts = this.counts.memory
    const how = { follow, acceptTornRecords, once, offloadThreads, careful }
    const start: ThreadStart = { store, group, ...how, counts, peers }
    this.#thread.postMessage(
      start,
      peers.map(({ port }) => port),
    )
  }

  tell(message: ToThread, transfer: readonly TransferListItem[] = []): void {
    this.#thread.postMessage(message, transfer)
  }

  /** Ends it where it hangs, and notes what it was handling there. */
  async killStuck(why: string): Promise<void> {
    const doing = await doingOf(this.#thread.threadId)
    if (doing !== '') this.counts.note = doing
    this.kill(why)
  }

  /** Ends it wherever it is. What it has not committed never happened. */
  kill(why: string): void {
    this.#why ??= why
    void this.#thread.terminate()
  }

  #heard(message: FromThread): void {
    if (message.kind === 'loaded') return this.#loading.settle(undefined)
    this.#parts?.heard(message)
    if (message.kind !== 'stopped') return
    this.#stopped = true
    this.#loading.settle(message.error && fromWire(message.error))
    // What the program left open must not keep the thread.
    void this.#thread.terminate()
  }

  #ended(code: number): void {
    this.#gone = true
    this.#loading.settle(stoppedEarly())
    this.#parts?.ended(this.#stopped ? undefined : (this.#why ?? `it was ended with exit code ${code}`))
  }
}

function entry(): URL {
  const built = new URL('./worker-thread.js', import.meta.url)
  return import.meta.url.endsWith('.js') ? built : new URL(built.href.replace(/js$/, 'ts'))
}
