import type { Unfound } from './any.ts'
import { checkGraph } from './check-graph.ts'
import { sourceOf } from './end-definition.ts'
import { entityOf, handlerOf } from './entity-definition.ts'
import type { AnyEntity } from './entity.ts'
import { Graph } from './graph.ts'
import type { Gives } from './place.ts'
import { checkName, invalid } from './invalid.ts'
import type { holds } from './phantom.ts'
import { streamFrom } from './stream-builder.ts'
import type { FlowsOn } from './stream.ts'

export interface Pipeline {
  readonly name: string
  readonly [holds]: 'pipeline'
}

export interface Builder {
  /** The stream of a source; or everything a handler returns, whoever sent it the message (other entities, timers). */
  from<T = Unfound>(origin: Gives<T>): FlowsOn<T>
  /** Entities that no stream leads to, only messages of other entities. */
  use(...entities: AnyEntity[]): void
}

const graphKey: unique symbol = Symbol('millrace.graph')

/** Wires sources, entities and sinks. The function runs once, here; what it wrote is checked before `pipeline` returns. */
export function pipeline(name: string, build: (p: Builder) => void): Pipeline {
  checkName('a pipeline', name)
  const graph = new Graph(name)
  const shown = JSON.stringify(name)
  const open = (): void => {
    if (graph.closed)
      throw invalid(
        `pipeline ${shown} is changed after it was made`,
        'Write all of it inside the function given to pipeline(...)',
      )
  }
  const result: unknown = build({
    from<T>(origin: Gives<T>): FlowsOn<T> {
      open()
      const source = sourceOf(origin)
      if (source !== undefined) return streamFrom(graph.source(source)) as FlowsOn<T>
      const handler = handlerOf(origin)
      if (handler !== undefined) return streamFrom(graph.listen(handler)) as FlowsOn<T>
      throw invalid(
        `from(...) in pipeline ${shown} was given something that gives no values`,
        'Give it a source, or a handler such as Account.transfer',
      )
    },
    use(...entities) {
      open()
      for (const value of entities) {
        const entity = entityOf(value)
        if (entity === undefined)
          throw invalid(
            `use(...) in pipeline ${shown} was given something that is no entity`,
            'Write use(Stock), where Stock = entity(...)',
          )
        graph.entities.add(entity)
      }
    },
  })
  graph.closed = true
  if (result instanceof Promise)
    throw invalid(`pipeline ${shown} is built by an async function`, 'Leave out the async: wiring waits for nothing')
  checkGraph(graph)
  const pipeline = { name }
  Object.defineProperty(pipeline, graphKey, { value: graph })
  return Object.freeze(pipeline) as unknown as Pipeline
}

/** What stands behind a pipeline. Undefined: it is something else. */
export function graphOf(value: unknown): Graph | undefined {
  return (value as { [graphKey]?: Graph } | null | undefined)?.[graphKey]
}
