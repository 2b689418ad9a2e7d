import type { Node } from '../graph.ts'
import type { OffloadDefinition } from '../offload.ts'

/** The offloaded steps between a source and what has state, each of them once. */
export function offloadsBehind(source: Node): readonly OffloadDefinition[] {
  const nodes = new Set([source])
  const steps = new Set<OffloadDefinition>()
  for (const { step, next } of nodes) {
    if (step.kind === 'to') continue
    if (step.kind === 'mapOffload') steps.add(step.offload)
    for (const receiver of next) nodes.add(receiver)
  }
  return [...steps]
}
