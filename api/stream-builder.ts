import { sinkOf } from './end-definition.ts'
import { handlerOf } from './entity-definition.ts'
import type { Graph, Node, Step } from './graph.ts'
import { invalid } from './invalid.ts'
import { offloadOf } from './offload.ts'
import { invalidOffload } from './offload/errors.ts'

const nodeKey: unique symbol = Symbol('millrace.node')

/** What `from(...)` returns: a stream whose methods add nodes to the pipeline's graph. Its types are in stream.ts. */
export function streamFrom(node: Node): unknown {
  return new StreamBuilder(node)
}

class StreamBuilder {
  readonly [nodeKey]: Node

  constructor(node: Node) {
    this[nodeKey] = node
  }

  map(run: (value: unknown) => unknown): StreamBuilder {
    return this.#then({ kind: 'map', run: checked('map', run) })
  }

  filter(run: (value: unknown) => unknown): StreamBuilder {
    return this.#then({ kind: 'filter', run: checked('filter', run) })
  }

  flatMap(run: (value: unknown) => Iterable<unknown>): StreamBuilder {
    return this.#then({ kind: 'flatMap', run: checked('flatMap', run) })
  }

  mapOffload(step: unknown): StreamBuilder {
    const offload = offloadOf(step)
    if (offload === undefined)
      throw invalidOffload(
        'mapOffload was given something that is no offloaded step',
        'Write .mapOffload(classify), where export const classify = offload(import.meta.url, (value: Type) => ...)',
      )
    return this.#then({ kind: 'mapOffload', offload })
  }

  merge(other: StreamBuilder): StreamBuilder {
    const node = other?.[nodeKey]
    if (node === undefined || node.step.kind === 'keyBy')
      throw invalid('merge was given something that is no stream', 'Write .merge(from(...))')
    const { graph } = this[nodeKey]
    if (node.graph !== graph) {
      throw invalid(
        `pipeline ${JSON.stringify(graph.name)} merges a stream of pipeline ${JSON.stringify(node.graph.name)}`,
        'Take the stream from the from(...) of this pipeline',
      )
    }
    return new StreamBuilder(add({ kind: 'merge' }, this[nodeKey], node))
  }

  branch(tag: string): Record<string, StreamBuilder> {
    return branches(add({ kind: 'branch', tag }, this[nodeKey]))
  }

  keyBy(run: (value: unknown) => string): KeyedBuilder {
    return new KeyedBuilder(add({ kind: 'keyBy', run: checked('keyBy', run) }, this[nodeKey]))
  }

  into(...sinks: unknown[]): void {
    for (const value of sinks) {
      const sink = sinkOf(value)
      if (sink === undefined)
        throw invalid(
          'into was given something that is no sink',
          "Write .into(counts), where counts = sink('counts', ...)",
        )
      add({ kind: 'into', sink }, this[nodeKey])
    }
  }

  to(): never {
    throw invalid('.to(...) follows a stream that has no keys', 'Write .keyBy((value) => value.id) before .to(...)')
  }

  #then(step: Step): StreamBuilder {
    return new StreamBuilder(add(step, this[nodeKey]))
  }
}

class KeyedBuilder {
  readonly [nodeKey]: Node

  constructor(node: Node) {
    this[nodeKey] = node
  }

  to(place: unknown): StreamBuilder {
    const handler = handlerOf(place)
    if (handler === undefined)
      throw invalid(
        '.to(...) was given something that is no handler',
        'Write .to(Account.deposit), where Account = entity(...)',
      )
    return new StreamBuilder(add({ kind: 'to', handler }, this[nodeKey]))
  }
}

/** One stream per word of a tag, made when it is asked for: the words are known to the types only. */
function branches(branch: Node): Record<string, StreamBuilder> {
  const made = new Map<string, StreamBuilder>()
  return new Proxy(Object.create(null) as Record<string, StreamBuilder>, {
    get(_, word) {
      if (typeof word !== 'string') return undefined
      let stream = made.get(word)
      if (stream === undefined) {
        stream = new StreamBuilder(add({ kind: 'case', word }, branch))
        made.set(word, stream)
      }
      return stream
    },
  })
}

function add(step: Step, ...parents: Node[]): Node {
  const graph: Graph = parents[0]!.graph
  if (graph.closed) {
    throw invalid(
      `pipeline ${JSON.stringify(graph.name)} is changed after it was made`,
      'Write all of it inside the function given to pipeline(...)',
    )
  }
  return graph.add(step, ...parents)
}

function checked<F>(step: string, run: F): F {
  if (typeof run !== 'function') throw invalid(`${step} was given no function`, `Write .${step}((value) => ...)`)
  return run
}
