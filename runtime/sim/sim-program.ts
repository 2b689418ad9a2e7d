import type { ErrorCode } from '../base/errors.ts'
import type { Codec } from '../shard/codec.ts'
import type { Handled } from '../shard/handled.ts'
import type { Plan } from '../shard/plan.ts'
import type { Invariant } from './committed-view.ts'
import type { SimRequest } from './journal.ts'

export interface SimInput {
  /** Name of the source. */
  readonly source: string
  /** Records of each of its partitions, in order. */
  readonly partitions: readonly (readonly Uint8Array[])[]
}

/** What is run in a simulated world. */
export interface SimProgram {
  readonly name: string
  /** The versions of the program; the world starts with the first, and may go on to the next after draining. */
  readonly plans: readonly [Plan, ...Plan[]]
  readonly codec: Codec
  readonly inputs: readonly SimInput[]
  readonly requests?: readonly SimRequest[]
  readonly invariants?: readonly Invariant[]
  /** Codes with which this program itself may stop a worker (`onError: 'stop'`). */
  readonly permits?: readonly ErrorCode[]
  /** False: its handlers do as they like, on purpose. Then only what leads to handlers is checked, and what is durable. */
  readonly isDeterministic?: boolean
  /** How long time goes on after the last input, for timers. Those that are set for later stay pending. Default: a minute. */
  readonly settleMs?: number
  /** Sinks that may hold an output twice, whatever the seed says. */
  readonly atLeastOnce?: readonly string[]
  /** Events after which a healed world is called stuck. Default: half a million. */
  readonly maxEvents?: number
  /** A handled message as a line of the trace. Told of every one, in the order in which batches were sealed. */
  describe?(handled: Handled): string
}
