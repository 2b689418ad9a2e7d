import type { Batch } from './batch.ts'
import type { BatchView } from './batch-view.ts'
import type { Bugs } from './bugs.ts'
import type { Codec } from './codec.ts'
import type { Effects } from './effects.ts'
import type { HandlerRun } from './handler-run.ts'
import type { Plan } from './plan.ts'
import type { RowCache } from './row-cache.ts'
import type { TimerBook } from './timer-book.ts'

/** What running a batch works on: shared by the executor, undo and failures. */
export interface ExecutorParts {
  readonly plan: Plan
  readonly codec: Codec
  readonly cache: RowCache
  readonly batch: Batch
  readonly view: BatchView
  readonly effects: Effects
  readonly timers: TimerBook
  readonly run: HandlerRun
  readonly bugs: Bugs
}
