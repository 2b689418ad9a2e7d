import type { Bugs } from './bugs.ts'
import type { Codec } from './codec.ts'
import { asError } from './failures.ts'
import type { GetDone, InFlight } from './in-flight.ts'
import type { RowCache } from './row-cache.ts'
import { type Row, Status } from './row.ts'
import { encodeState } from './undo.ts'

/** Questions for the state of an entity. Each is answered with what a commit holds, when that commit is durable (never from memory). */
export class Queries {
  readonly #cache: RowCache
  readonly #codec: Codec
  readonly #bugs: Bugs
  #asked: { readonly row: Row; readonly done: GetDone }[] = []

  constructor(cache: RowCache, codec: Codec, bugs: Bugs) {
    this.#cache = cache
    this.#codec = codec
    this.#bugs = bugs
  }

  /** Whether somebody waits for the next commit. */
  get waiting(): boolean {
    return this.#asked.length > 0
  }

  /** The answer is bytes of the codec; undefined: there is no such entity. Throws MR_KEY_INVALID. */
  ask(entity: number, key: string, done: GetDone): void {
    const row = this.#cache.find(entity, key)
    if (row === undefined) done(undefined)
    else if (this.#bugs.queryFromMemory && row.status === Status.live && row.state !== undefined)
      done(undefined, encodeState(row, this.#codec).slice())
    else this.#asked.push({ row, done })
  }

  /** The answers as of the seal that was just made. */
  take(): InFlight['gets'] {
    if (this.#asked.length === 0) return []
    return this.#asked.splice(0).map(({ row, done }) => ({ ...this.#valueOf(row), done }))
  }

  /** The sealed state, in today's shape. */
  #valueOf(row: Row): { readonly state?: Uint8Array; readonly error?: Error } {
    if (!this.#cache.exists(row)) return {}
    try {
      if (row.status !== Status.live) this.#cache.enliven(row, this.#codec)
      return { state: encodeState(row, this.#codec).slice() }
    } catch (error) {
      return { error: asError(error) }
    }
  }
}
