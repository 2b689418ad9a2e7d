import type { Node } from './graph.ts'

/** To how many messages and outputs one value that leaves `node` can lead before it reaches state. Infinity: no step says so. */
export function mostValues({ step, next }: Node): number {
  const each = next.map(into)
  // A value has one word, and takes one of the ways.
  return step.kind === 'branch' ? Math.max(0, ...each) : each.reduce((sum, most) => sum + most, 0)
}

function into(node: Node): number {
  const { kind } = node.step
  if (kind === 'into') return 1
  if (kind === 'keyBy') return node.next.length
  const most = mostValues(node)
  return kind === 'flatMap' && most > 0 ? Number.POSITIVE_INFINITY : most
}

/** Whether values that leave `node` reach a sink before they reach state. */
export function leadsToSink({ next }: Node): boolean {
  return next.some((node) => node.step.kind === 'into' || (node.step.kind !== 'keyBy' && leadsToSink(node)))
}
