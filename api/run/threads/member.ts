import { fromWire } from '../../../runtime/node/threads/error-wire.ts'
import type { ThreadCounts } from '../../../runtime/node/threads/shared-counts.ts'
import type { FromThread, WireRow, WireWanted } from './protocol.ts'
import type { WorkerThread } from './thread.ts'

interface Pending {
  readonly wanted: WireWanted
  resolve(value: Uint8Array | undefined): void
  reject(error: unknown): void
}

interface Reading {
  resolve(rows: readonly WireRow[]): void
  reject(error: unknown): void
}

/** One commit group for as long as the program runs, whichever thread it runs on. Knows who waits for an answer of it. */
export class Member {
  readonly group: number
  thread: WorkerThread | undefined = undefined
  isOpen = false
  /** It has stopped for good. */
  hasStopped = false
  readonly #lost: () => Error
  #ids = 0
  readonly #pending = new Map<number, Pending>()
  readonly #reading = new Map<number, Reading>()
  #before: ThreadCounts = { read: 0, committed: 0, handled: 0, deadLetters: 0, commits: 0 }

  /** `lost`: what is told to those whom nobody will answer any more. */
  constructor(group: number, lost: () => Error) {
    this.group = group
    this.#lost = lost
  }

  /** A thread runs it now. */
  began(thread: WorkerThread): void {
    this.thread = thread
    this.isOpen = false
    for (const [id, { wanted }] of this.#pending) thread.tell({ kind: 'want', id, wanted })
  }

  /** Its thread is gone. Questions, and requests that have an id, may be put to the next one; nobody knows about the others. */
  ended(): void {
    const { thread } = this
    if (thread === undefined) return
    this.thread = undefined
    const counts = thread.counts.get()
    const sum = { ...this.#before }
    for (const name of Object.keys(sum) as (keyof ThreadCounts)[]) sum[name] += counts[name]
    this.#before = sum
    const error = this.#lost()
    for (const [id, { wanted, reject }] of this.#pending) {
      if (!this.hasStopped && (wanted.kind === 'get' || wanted.id !== undefined)) continue
      this.#pending.delete(id)
      reject(error)
    }
    for (const { reject } of this.#reading.values()) reject(error)
    this.#reading.clear()
  }

  get counts(): ThreadCounts {
    const now = this.thread?.counts.get()
    const sum = { ...this.#before }
    if (now !== undefined) for (const name of Object.keys(sum) as (keyof ThreadCounts)[]) sum[name] += now[name]
    return sum
  }

  /** Resolves with the codec's bytes. */
  want(wanted: WireWanted): Promise<Uint8Array | undefined> {
    if (this.hasStopped) return Promise.reject(this.#lost())
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { wanted, resolve, reject })
      this.thread?.tell({ kind: 'want', id, wanted })
    })
  }

  /** Begins to read rows of its shards: the snapshot is taken before the first of them come. */
  open(from: Uint8Array, to: Uint8Array): { next(): Promise<readonly WireRow[]>; close(): void } {
    const id = ++this.#ids
    const { thread } = this
    thread?.tell({ kind: 'rows-open', id, from, to })
    return {
      next: () => {
        if (thread === undefined || this.thread !== thread) return Promise.reject(this.#lost())
        return new Promise((resolve, reject) => {
          this.#reading.set(id, { resolve, reject })
          thread.tell({ kind: 'rows-next', id })
        })
      },
      close: () => {
        if (this.thread === thread) thread?.tell({ kind: 'rows-close', id })
      },
    }
  }

  /** An answer has come. */
  answered(message: Extract<FromThread, { kind: 'wanted' | 'rows' }>): void {
    const { id, error } = message
    if (message.kind === 'wanted') {
      const pending = this.#pending.get(id)
      this.#pending.delete(id)
      if (error === undefined) pending?.resolve(message.value)
      else pending?.reject(fromWire(error))
      return
    }
    const reading = this.#reading.get(id)
    this.#reading.delete(id)
    if (error === undefined) reading?.resolve(message.rows)
    else reading?.reject(fromWire(error))
  }
}
