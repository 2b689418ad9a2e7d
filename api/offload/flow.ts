import type { Flow, FlowOut } from '../../runtime/shard/plan.ts'
import type { OffloadDefinition } from '../offload.ts'

/** Where a flow with offloaded steps ends: it is also asked for what they make. */
export interface OffloadOut extends FlowOut {
  /** Calls `after` with what the step makes of the value, now or never. */
  offload(step: OffloadDefinition, value: unknown, after: Flow): void
}

/** Such a flow is called with an `OffloadOut` only: see OffloadedSource. */
export function offloadedFlow(step: OffloadDefinition, after: Flow): Flow {
  return (value, out) => (out as OffloadOut).offload(step, value, after)
}
