import type { Binding, Sink } from '../ends.ts'
import type { Faults } from './faults.ts'
import type { Invariants } from './invariants.ts'

export interface SimulateOptions {
  /** What comes in: every source, bound to a list. */
  readonly inputs: readonly Binding[]
  /** How many workers share the keys; the pipeline is run once for each number, and all must agree. Default [1]. */
  readonly hosts?: readonly number[]
  /** What goes wrong: by name, for sure; 'all': what the seed chooses. In the end all is well again. Default 'all'. */
  readonly faults?: Faults
  /** The same seed is the same world. Default 1. */
  readonly seed?: number
  /** Faults that do not happen after all, by their number: how a failure is made smaller. */
  readonly without?: readonly number[]
  /** How long time goes on for timers when nothing else is left to do, in ms. Default: a minute. */
  readonly settleMs?: number
  /** Sinks that may hold an output twice after a crash, as standard output does. The others hold each once. */
  readonly atLeastOnce?: readonly Sink<never>[]
  /** The result may depend on which of two messages came first: results of different scales are not compared. */
  readonly mayDiffer?: boolean
  /** What is true after every commit, by name: a function that says whether it holds. */
  readonly always?: Invariants
}
