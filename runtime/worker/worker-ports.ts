import type { Clock } from '../ports/clock.ts'
import type { Links } from '../ports/link.ts'
import type { SinkPort } from '../ports/sink.ts'
import type { Store } from '../ports/store.ts'
import type { Trace } from '../ports/trace.ts'
import type { GroupOptions } from '../shard/group-options.ts'
import type { PartitionOfSource } from './readers.ts'

/** The world of a worker. Production and simulation give other parts to the same worker. */
export interface WorkerPorts {
  readonly clock: Clock
  readonly store: Store
  /** The partitions this worker reads, with the position of their source in the plan. */
  readonly partitions: readonly PartitionOfSource[]
  /** One per sink of the plan, in its order. */
  readonly sinks: readonly SinkPort[]
  /** The other groups, if there are any. */
  readonly links?: { readonly port: Links; readonly groups: readonly number[] }
  readonly trace?: Trace
  /** Called when something happened that `tick` should look at. */
  wake(): void
}

export interface WorkerOptions extends GroupOptions {
  readonly acceptTornRecords: boolean
  /** Records that one tick stages before it returns, so that the host can breathe. */
  readonly recordsPerTick: number
  /** See `Pace`. */
  readonly commitPauseMs: number
  /** So many messages make a batch too large to wait for the end of such a pause. */
  readonly smallBatchMessages: number
}
