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
  /** Whether the steps behind a source may change also where it was not drained. */
  readonly acceptTornRecords?: boolean
  /** Whether to note every handled message, for a trace. */
  readonly tracing: boolean
  /** By sink: whether it could take `bytes[start, end)`, asked while the handler that returned it can still fail. */
  readonly outputChecks?: readonly (OutputCheck | undefined)[]
  /** Planted mistakes; `noBugs` outside tests. */
  readonly bugs: Bugs
}

/** Why a sink cannot take an output; undefined: it can. */
type OutputCheck = (bytes: Uint8Array, start: number, end: number) => MillraceError | undefined

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
