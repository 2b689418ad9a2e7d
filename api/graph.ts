import type { SinkDefinition, SourceDefinition } from './end-definition.ts'
import type { EntityDefinition, HandlerDefinition } from './entity-definition.ts'
import type { OffloadDefinition } from './offload.ts'

/** One step of a pipeline, as it was written. */
export type Step =
  | { readonly kind: 'source'; readonly source: SourceDefinition }
  /** Everything a handler returns, whoever sent it the message. */
  | { readonly kind: 'handler'; readonly handler: HandlerDefinition }
  | { readonly kind: 'map'; readonly run: (value: unknown) => unknown }
  | { readonly kind: 'filter'; readonly run: (value: unknown) => unknown }
  | { readonly kind: 'flatMap'; readonly run: (value: unknown) => Iterable<unknown> }
  | { readonly kind: 'mapOffload'; readonly offload: OffloadDefinition }
  | { readonly kind: 'merge' }
  | { readonly kind: 'branch'; readonly tag: string }
  /** One stream of a branch: its only parent is a branch. */
  | { readonly kind: 'case'; readonly word: string }
  | { readonly kind: 'keyBy'; readonly run: (value: unknown) => string }
  /** A message to an entity; what follows is what the handler returns for it. */
  | { readonly kind: 'to'; readonly handler: HandlerDefinition }
  | { readonly kind: 'into'; readonly sink: SinkDefinition }

export interface Node {
  readonly graph: Graph
  readonly step: Step
  /** More than one behind `merge` only. */
  readonly parents: readonly Node[]
  /** Receivers, in the order in which they get a value. */
  readonly next: Node[]
}

/** What a pipeline is made of. Filled while its function runs, and closed after it. */
export class Graph {
  readonly name: string
  /** Every node; parents come before what follows them. */
  readonly nodes: Node[] = []
  readonly sources: Map<SourceDefinition, Node> = new Map()
  /** `from(handler)`. */
  readonly listened: Map<HandlerDefinition, Node> = new Map()
  /** Every `.to(...)`, in the order of the text. */
  readonly messages: Node[] = []
  readonly sinks: Set<SinkDefinition> = new Set()
  /** In the order in which they were first met. */
  readonly entities: Set<EntityDefinition> = new Set()
  closed = false

  constructor(name: string) {
    this.name = name
  }

  source(source: SourceDefinition): Node {
    const known = this.sources.get(source)
    if (known !== undefined) return known
    const node = this.#node({ kind: 'source', source }, [])
    this.sources.set(source, node)
    return node
  }

  listen(handler: HandlerDefinition): Node {
    const known = this.listened.get(handler)
    if (known !== undefined) return known
    const node = this.#node({ kind: 'handler', handler }, [])
    this.listened.set(handler, node)
    this.entities.add(handler.entity)
    return node
  }

  add(step: Step, ...parents: Node[]): Node {
    const node = this.#node(step, parents)
    for (const parent of parents) parent.next.push(node)
    if (step.kind === 'into') this.sinks.add(step.sink)
    if (step.kind === 'to') {
      this.messages.push(node)
      this.entities.add(step.handler.entity)
    }
    return node
  }

  #node(step: Step, parents: readonly Node[]): Node {
    const node: Node = { graph: this, step, parents, next: [] }
    this.nodes.push(node)
    return node
  }
}
