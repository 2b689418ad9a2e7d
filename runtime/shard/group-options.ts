import type { MillraceError } from '../base/errors.ts'
import type { Bugs } from './bugs.ts'
import type { Handled } from './handled.ts'

export interface GroupOptions {
  readonly group: number
  readonly shardCount: number
  /** The group that runs a shard. */
  ownerOf(shard: number): number
  readonly cacheBytes: number
  readonly windowBytes: number
  readonly maxBatchMessages: number
  readonly maxHops: number
  /** Whether to note every handled message, for a trace. */
  readonly tracing: boolean
  /** Whether a sink could take an output, asked while the handler that returned it can still fail; undefined: it can. */
  checkOutput?(sink: number, bytes: Uint8Array): MillraceError | undefined
  /** Planted mistakes; `noBugs` outside tests. */
  readonly bugs: Bugs
}

/** Other groups, and how to reach them. */
export interface Peers {
  readonly groups: readonly number[]
  send(peer: number, frame: Uint8Array): void
  diverged(peer: number, error: MillraceError): void
}

/** Everything one commit decided, to be written as one. */
export interface SealedCommit {
  readonly number: number
  readonly record: Uint8Array
  readonly rows: readonly (readonly [key: Uint8Array, value: Uint8Array | undefined])[]
  readonly truncateBelow: number
  readonly nowMs: number
  readonly cut: number
  readonly handled: readonly Handled[]
}
