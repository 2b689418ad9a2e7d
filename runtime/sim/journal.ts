import type { LanePosition } from '../ports/sink.ts'
import type { Handled } from '../shard/handled.ts'

/**
 * What happened in a simulated world, in order: everything that the checker goes by. An event's position in the list is its
 * moment. Written by the world from what crosses its ports; a worker cannot embellish it, except for what `handled` says,
 * and that is what the checker looks into.
 */
export type JournalEvent =
  /** A worker found `number` commits in its store. */
  | {
      readonly kind: 'opened'
      readonly group: number
      readonly epoch: number
      readonly number: number
      readonly version: number
    }
  | ({ readonly kind: 'sealed' } & Sealed)
  | { readonly kind: 'committed'; readonly group: number; readonly epoch: number; readonly number: number }
  /** The disk under a group lost commits that were confirmed with durability `process`. */
  | { readonly kind: 'forgot'; readonly group: number }
  /** Outputs were handed to a sink. `sink` is its name. */
  | {
      readonly kind: 'written'
      readonly group: number
      readonly sink: string
      readonly positions: readonly LanePosition[]
    }
  /** `request` is the position in the list of the program's requests. */
  | { readonly kind: 'asked'; readonly attempt: number; readonly request: number }
  | { readonly kind: 'answered'; readonly attempt: number; readonly answer: Uint8Array | undefined }
  | { readonly kind: 'refused'; readonly attempt: number; readonly code: string; readonly error: string }
  | { readonly kind: 'looked'; readonly look: number; readonly entity: string; readonly key: string }
  | { readonly kind: 'saw'; readonly look: number; readonly state: Uint8Array | undefined }

/** A batch that was closed as a commit. Whether it took place is seen later. */
export interface Sealed {
  readonly group: number
  readonly epoch: number
  readonly number: number
  readonly nowMs: number
  readonly handled: readonly Handled[]
  /** Which version of the program it was. */
  readonly version: number
}

/** A message from outside. */
export interface SimRequest {
  /** `entity.handler` */
  readonly route: string
  readonly key: string
  readonly message: unknown
  /** Asking again with the same id has no effect, and gives the same answer. */
  readonly id?: string
  readonly wantsAnswer: boolean
}
