import type { HandlerDefinition } from './entity-definition.ts'
import type { Graph, Node } from './graph.ts'
import { invalid } from './invalid.ts'
import { invalidOffload } from './offload/errors.ts'

/** Refuses what could not be found again on disk, or would silently do nothing. In no order of lines is it different. */
export function checkGraph(graph: Graph): void {
  const where = `pipeline ${JSON.stringify(graph.name)}`
  distinct(graph.entities, (name) =>
    invalid(
      `${where} has two entities called ${name}`,
      'One name is one kind of state: rename one of them, or import the same definition in both places',
    ),
  )
  distinct(graph.sources.keys(), (name) =>
    invalid(`${where} has two sources called ${name}`, 'Rename one of them, or use the same source in both places'),
  )
  distinct(graph.sinks, (name) =>
    invalid(`${where} has two sinks called ${name}`, 'Rename one of them, or use the same sink in both places'),
  )
  for (const node of graph.nodes) {
    const { step, next } = node
    if (step.kind === 'mapOffload') checkOffload(node, where)
    // A key that nobody uses is half a line.
    if (step.kind === 'keyBy' && next.length === 0) {
      throw invalid(
        `${where} has a keyBy(${excerpt(String(step.run))}) that leads nowhere`,
        'Write .to(Entity.handler) after it, or leave it out',
      )
    }
  }
}

/**
 * What leaves an entity is decided: it is committed with the state, and sent from there. Work behind it would have to be kept and
 * come back, which is what a sink and a source are for.
 */
function checkOffload(node: Node, where: string): void {
  const origin = handlerBefore(node)
  if (origin === undefined) return
  throw invalidOffload(
    `${where} has a mapOffload behind ${JSON.stringify(`${origin.entity.name}.${origin.name}`)}: offloaded steps stand between a source and the first entity`,
    'Do the work before .keyBy(...); or lead what the handler returns into a sink, and read that with a source that has the mapOffload',
  )
}

function handlerBefore(node: Node): HandlerDefinition | undefined {
  const before = new Set([node])
  for (const { step, parents } of before) {
    if (step.kind === 'to' || step.kind === 'handler') return step.handler
    for (const parent of parents) before.add(parent)
  }
  return undefined
}

function distinct(named: Iterable<{ readonly name: string }>, error: (shown: string) => Error): void {
  const names = new Set<string>()
  for (const { name } of named) {
    if (names.has(name)) throw error(JSON.stringify(name))
    names.add(name)
  }
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 57)}...` : line
}
