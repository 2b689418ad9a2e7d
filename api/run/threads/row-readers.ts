import type { LevelStore } from '../../../runtime/node/level/store.ts'
import { toWire } from '../../../runtime/node/threads/error-wire.ts'
import type { Worker } from '../../../runtime/worker/worker.ts'
import { ownerOf } from '../worker-options.ts'
import type { FromThread, ToThread, WireRow } from './protocol.ts'

/** Rows that are sent to the main thread at once. */
const rowsAtOnce = 1_000

type RowCall = Extract<ToThread, { kind: 'rows-open' | 'rows-next' | 'rows-close' }>
type Scan = AsyncIterator<WireRow>

export interface RowReaderParts {
  readonly group: number
  readonly groupCount: number
  readonly worker: Worker
  readonly store: LevelStore
  readonly post: (message: FromThread) => void
}

/** Reads rows of this worker's shards for the main thread, as of one commit, as fast as they are asked for. */
export class RowReaders {
  readonly #parts: RowReaderParts
  readonly #scans = new Map<number, Promise<Scan>>()

  constructor(parts: RowReaderParts) {
    this.#parts = parts
  }

  hear(call: RowCall): void {
    if (call.kind === 'rows-open') this.#scans.set(call.id, this.#open(call.from, call.to))
    else if (call.kind === 'rows-next') void this.#next(call.id)
    else void this.#end(call.id)
  }

  #open(from: Uint8Array, to: Uint8Array): Promise<Scan> {
    const { worker, store } = this.#parts
    const opening = new Promise<Scan>((resolve, reject) => {
      worker.want({
        kind: 'flush',
        // The snapshot is taken before the next commit is begun.
        done: (error) => (error === undefined ? resolve(store.scan(from, to)[Symbol.asyncIterator]()) : reject(error)),
      })
    })
    opening.catch(() => {}) // whoever asks for the first rows is told
    return opening
  }

  async #next(id: number): Promise<void> {
    const { group, groupCount, post } = this.#parts
    const owner = ownerOf(groupCount)
    const rows: WireRow[] = []
    try {
      const scan = await this.#scans.get(id)
      if (scan === undefined) return
      while (rows.length < rowsAtOnce) {
        const { done, value } = await scan.next()
        if (done === true) break
        const [key] = value
        if (owner(key[1]! * 256 + key[2]!) === group) rows.push(value)
      }
      post({ kind: 'rows', id, error: undefined, rows })
    } catch (error) {
      post({ kind: 'rows', id, error: toWire(error), rows: [] })
    }
  }

  async #end(id: number): Promise<void> {
    const scan = await this.#scans.get(id)?.catch(() => undefined)
    this.#scans.delete(id)
    await scan?.return?.()
  }
}
