import type { Flow } from '../runtime/shard/plan.ts'
import type { SinkDefinition } from './end-definition.ts'
import type { Node } from './graph.ts'
import { offloadedFlow } from './offload/flow.ts'

/**
 * Makes functions of steps. All closures are made here, once: none is made while values flow. Undefined stands for a flow that
 * nobody receives, and spreads towards the origin (C4 of compile.ts).
 */
export class FlowCompiler {
  readonly #routes: ReadonlyMap<Node, number>
  readonly #sinks: ReadonlyMap<SinkDefinition, number>
  /** What was merged is reached along several ways, and compiled once. */
  readonly #made = new Map<Node, Flow | undefined>()

  constructor(routes: ReadonlyMap<Node, number>, sinks: ReadonlyMap<SinkDefinition, number>) {
    this.#routes = routes
    this.#sinks = sinks
  }

  /** What becomes of the values that leave `node`. */
  after(node: Node): Flow | undefined {
    if (!this.#made.has(node))
      this.#made.set(node, node.step.kind === 'branch' ? this.#cases(node) : this.#all(node.next))
    return this.#made.get(node)
  }

  #all(receivers: readonly Node[]): Flow | undefined {
    return together(receivers.map((receiver) => this.#into(receiver)).filter((flow) => flow !== undefined))
  }

  /** What becomes of a value that reaches `node`. */
  #into(node: Node): Flow | undefined {
    const { step } = node
    if (step.kind === 'into') return intoSink(this.#sinks.get(step.sink)!)
    if (step.kind === 'keyBy')
      return toEntities(
        step.run,
        node.next.map((message) => this.#routes.get(message)!),
      )
    const after = this.after(node)
    if (after === undefined) return undefined
    if (step.kind === 'map') return mapped(step.run, after)
    if (step.kind === 'filter') return filtered(step.run, after)
    if (step.kind === 'flatMap') return flattened(step.run, after)
    if (step.kind === 'mapOffload') return offloadedFlow(step.offload, after)
    return after
  }

  #cases(branch: Node): Flow | undefined {
    const { tag } = branch.step as Node['step'] & { kind: 'branch' }
    const cases = new Map<unknown, Flow>()
    for (const node of branch.next) {
      const after = this.after(node)
      if (after !== undefined) cases.set((node.step as Node['step'] & { kind: 'case' }).word, after)
    }
    if (cases.size === 0) return undefined
    // A word that nobody asked for has no case, and its values end here.
    return (value, out) => cases.get((value as Record<string, unknown>)[tag])?.(value, out)
  }
}

/** First one, then the other. */
export function both(first: Flow | undefined, second: Flow | undefined): Flow | undefined {
  return together([first, second].filter((flow) => flow !== undefined))
}

function together(flows: readonly Flow[]): Flow | undefined {
  const [first, second] = flows
  if (first === undefined || second === undefined) return first
  if (flows.length === 2) {
    return (value, out) => {
      first(value, out)
      second(value, out)
    }
  }
  return (value, out) => {
    for (let i = 0; i < flows.length; i++) flows[i]!(value, out)
  }
}

function intoSink(sink: number): Flow {
  return (value, out) => out.toSink(sink, value)
}

function toEntities(key: (value: unknown) => string, routes: readonly number[]): Flow {
  const [route] = routes
  if (routes.length === 1) return (value, out) => out.toEntity(route!, key(value), value)
  return (value, out) => {
    const shared = key(value)
    for (let i = 0; i < routes.length; i++) out.toEntity(routes[i]!, shared, value)
  }
}

function mapped(step: (value: unknown) => unknown, after: Flow): Flow {
  return (value, out) => after(step(value), out)
}

function filtered(keep: (value: unknown) => unknown, after: Flow): Flow {
  return (value, out) => {
    if (keep(value)) after(value, out)
  }
}

function flattened(step: (value: unknown) => Iterable<unknown>, after: Flow): Flow {
  return (value, out) => {
    for (const part of step(value)) after(part, out)
  }
}
