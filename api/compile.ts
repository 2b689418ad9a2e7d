import type { EntityPlan, Plan, RoutePlan, SinkPlan, SourcePlan } from '../runtime/shard/plan.ts'
import { FlowCompiler, both } from './compile-flow.ts'
import type { SinkDefinition, SourceDefinition } from './end-definition.ts'
import type { EntityDefinition, HandlerDefinition } from './entity-definition.ts'
import { fingerprint } from './fingerprint.ts'
import type { Graph, Node } from './graph.ts'
import { invalid } from './invalid.ts'
import { leadsToSink, mostValues } from './most-values.ts'
import { graphOf } from './pipeline.ts'
import type { Pipeline } from './pipeline.ts'
import { routeNames } from './route-names.ts'

/**
 * Turns a pipeline into the tables and functions that the runtime runs. Every call gives a plan of its own, with the same numbers.
 *
 * C1 Routes: first the default route of each handler of each entity, then one per `.to(...)`.
 * C2 What a handler returns on the route of a `.to(...)` flows on from there, and then to whoever listens by `from(handler)`;
 *    on the default route only to the latter.
 * C3 A value with several receivers reaches them in the order in which they were written, each with all that follows it.
 * C4 A step whose results nobody receives is not run.
 */
export function compile(pipeline: Pipeline): Plan {
  const graph = graphOf(pipeline)
  if (graph === undefined)
    throw invalid(
      'something that is no pipeline was to be run',
      "Give it what pipeline('name', ({ from }) => ...) returns",
    )
  return compileGraph(graph)
}

function compileGraph(graph: Graph): Plan {
  const entities = [...graph.entities]
  const sinks = [...graph.sinks]
  const handlers = entities.flatMap((entity) => entity.handlers)
  const names = routeNames(graph)
  const routes = new Map<Node, number>(graph.messages.map((node, i) => [node, handlers.length + i]))
  const flows = new FlowCompiler(routes, new Map<SinkDefinition, number>(sinks.map((sink, i) => [sink, i])))
  const listeners = (handler: HandlerDefinition): ReturnType<FlowCompiler['after']> => {
    const node = graph.listened.get(handler)
    return node === undefined ? undefined : flows.after(node)
  }
  const route = (name: string, handler: HandlerDefinition, outputs: RoutePlan['outputs']): RoutePlan => ({
    name,
    entity: entities.indexOf(handler.entity),
    handler: handler.name,
    run: handler.run,
    outputs,
  })
  return {
    name: graph.name,
    entities: entities.map(entityPlan),
    routes: [
      ...handlers.map((handler) => route(`${handler.entity.name}.${handler.name}`, handler, listeners(handler))),
      ...graph.messages.map((node) => {
        const { handler } = node.step as Node['step'] & { kind: 'to' }
        return route(names.get(node)!, handler, both(flows.after(node), listeners(handler)))
      }),
    ],
    sources: [...graph.sources].map(
      ([source, node]): SourcePlan => ({
        name: source.name,
        decode: source.decode,
        time: source.time,
        flow: flows.after(node) ?? ignore,
        ...forwarding(source, node),
        fingerprint: fingerprint(node, names),
      }),
    ),
    sinks: sinks.map(sinkPlan),
    deadLetterSink: undefined,
    routeOf: new Map(handlers.map((handler, i) => [handler.place, i])),
  }
}

function ignore(): void {}

/** A format that needs something from outside cannot be used by whoever has not fetched it. */
function forwarding({ prepared, key }: SourceDefinition, node: Node): Pick<SourcePlan, 'forwards' | 'key'> {
  if (prepared !== undefined) return { forwards: false, key: undefined }
  return { forwards: mostValues(node) <= 1, key: leadsToSink(node) ? undefined : key }
}

function entityPlan(entity: EntityDefinition): EntityPlan {
  return {
    name: entity.name,
    create: entity.create,
    createActivity: entity.createActivity,
    version: 1 + entity.upcasts.length,
    upcasts: entity.upcasts,
    ttlMs: entity.ttlMs,
    onError: entity.onError,
  }
}

export function sinkPlan(sink: SinkDefinition): SinkPlan {
  return { name: sink.name, encode: sink.encode, key: sink.key }
}
