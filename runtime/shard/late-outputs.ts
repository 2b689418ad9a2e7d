import { EffectKind, type Effects } from './effects.ts'
import type { Plan } from './plan.ts'

/** The planted bug `encodeStateAtCommitNotReturn`: outputs are encoded when the batch is sealed, as their values are by then. */
export function encodeLate(effects: Effects, plan: Plan, sinkIds: readonly number[]): void {
  const { payload } = effects
  for (const [i, value] of effects.late) {
    if (i >= effects.count) continue
    const sink = effects.targets[i]!
    const encoded = plan.sinks[sink]!.encode(value)
    effects.begins[i] = payload.length
    payload.u8(EffectKind.output)
    payload.varint(sinkIds[sink]!)
    payload.u16(effects.fromShards[i]!)
    payload.text(effects.keys[i]!)
    if (typeof encoded === 'string') effects.starts[i] = payload.sizedText(encoded)
    else {
      payload.u32(encoded.length)
      effects.starts[i] = payload.length
      payload.raw(encoded)
    }
    effects.ends[i] = payload.length
  }
}
