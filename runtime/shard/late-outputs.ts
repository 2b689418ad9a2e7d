import type { Effects } from './effects.ts'
import type { Plan } from './plan.ts'
import { writeOutput } from './record.ts'

/** The planted bug `encodeStateAtCommitNotReturn`: outputs are encoded when the batch is sealed, as their values are by then. */
export function encodeLate(effects: Effects, plan: Plan, sinkIds: readonly number[]): void {
  const { payload } = effects
  for (const [i, value] of effects.late) {
    if (i >= effects.count) continue
    const sink = effects.targets[i]!
    const encoded = plan.sinks[sink]!.encode(value)
    effects.begins[i] = payload.length
    effects.starts[i] = writeOutput(payload, sinkIds[sink]!, effects.fromShards[i]!, effects.keys[i]!, encoded)
    effects.ends[i] = payload.length
  }
}
