import type { MessagePort } from 'node:worker_threads'
import type { SharedStore } from '../../../runtime/node/level/store.ts'
import type { WireError } from '../../../runtime/node/threads/error-wire.ts'
import type { SinkCall } from '../../../runtime/node/threads/sink-proxy.ts'
import type { LanePosition } from '../../../runtime/ports/sink.ts'
import type { RestReport } from '../../../runtime/worker/rest.ts'

/** What a worker thread is told first, and once: which group is its own, and how it is to work. */
export interface ThreadStart {
  readonly store: SharedStore
  readonly group: number
  readonly follow: boolean | undefined
  readonly acceptTornRecords: boolean
  /** Whether the main thread wants to know when there is nothing left to do. */
  readonly once: boolean
  /** Of all workers together. */
  readonly offloadThreads: number | undefined
  readonly counts: SharedArrayBuffer
  readonly peers: readonly { readonly group: number; readonly port: MessagePort }[]
  /** Whether to note what is being handled, because a former thread of this group has died. */
  readonly careful: boolean
}

/** What callers want of a worker, as data. */
export type WireWanted =
  | {
      readonly kind: 'ask'
      readonly route: number
      readonly key: string
      readonly message: Uint8Array
      readonly id: string | undefined
      readonly wantsAnswer: boolean
    }
  | { readonly kind: 'get'; readonly entity: number; readonly key: string }

/** From the main thread to a worker thread. */
export type ToThread =
  | { readonly kind: 'peer'; readonly group: number; readonly port: MessagePort }
  | { readonly kind: 'drain' }
  | { readonly kind: 'leave' }
  /** Answered by `answered`. */
  | { readonly kind: 'report'; readonly round: number }
  /** Answered by `wanted`. */
  | { readonly kind: 'want'; readonly id: number; readonly wanted: WireWanted }
  /** Rows with `from <= key < to` of this group's shards, as of one commit of it. Answered by `rows`, once for each `rows-next`. */
  | { readonly kind: 'rows-open'; readonly id: number; readonly from: Uint8Array; readonly to: Uint8Array }
  | { readonly kind: 'rows-next'; readonly id: number }
  | { readonly kind: 'rows-close'; readonly id: number }
  | {
      readonly kind: 'sink-opened'
      readonly sink: number
      readonly error: WireError | undefined
      readonly positions: readonly LanePosition[]
    }
  | { readonly kind: 'sink-written'; readonly sink: number; readonly error: WireError | undefined }

export type WireRow = readonly [key: Uint8Array, value: Uint8Array]

/** From a worker thread to the main thread. */
export type FromThread =
  | SinkCall
  /** The program is loaded: it can be told which group is its own. */
  | { readonly kind: 'loaded' }
  /** It runs. */
  | { readonly kind: 'opened' }
  /** It became quiet, or is no longer, or still is although frames have moved. `draining`: it was told to drain by then. */
  | { readonly kind: 'quiet'; readonly quiet: boolean; readonly draining: boolean }
  | { readonly kind: 'report'; readonly round: number; readonly report: RestReport }
  /** `value`: the codec's bytes. */
  | {
      readonly kind: 'wanted'
      readonly id: number
      readonly error: WireError | undefined
      readonly value: Uint8Array | undefined
    }
  /** No rows: the end. */
  | {
      readonly kind: 'rows'
      readonly id: number
      readonly error: WireError | undefined
      readonly rows: readonly WireRow[]
    }
  /** The worker has stopped, and everything of the thread is closed. No error: it was asked to, and drained. */
  | { readonly kind: 'stopped'; readonly error: WireError | undefined }
