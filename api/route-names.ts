import type { Graph, Node } from './graph.ts'

/**
 * The durable name of every `.to(...)`: where its values come from, and where they go: `lines>word.seen`. Behind `merge` the origins
 * are joined in the order of the alphabet. Of two that would have the same name the second is `#2`: only those depend on the order
 * of lines.
 */
export function routeNames(graph: Graph): Map<Node, string> {
  const names = new Map<Node, string>()
  const used = new Map<string, number>()
  const origins = new Map<Node, ReadonlySet<string>>()
  for (const node of graph.nodes) {
    const { step } = node
    if (step.kind === 'to') {
      const { handler } = step
      const name = `${[...originsOf(node.parents, origins)].sort().join('|')}>${handler.entity.name}.${handler.name}`
      const count = (used.get(name) ?? 0) + 1
      used.set(name, count)
      names.set(node, count === 1 ? name : `${name}#${count}`)
    }
    origins.set(node, new Set(originOf(node, names) ?? originsOf(node.parents, origins)))
  }
  return names
}

/** Sources, handlers, and messages (whose values are what the handler returned for them). */
function originOf(node: Node, names: ReadonlyMap<Node, string>): readonly string[] | undefined {
  const { step } = node
  if (step.kind === 'source') return [step.source.name]
  if (step.kind === 'handler') return [`${step.handler.entity.name}.${step.handler.name}`]
  return step.kind === 'to' ? [names.get(node)!] : undefined
}

function originsOf(parents: readonly Node[], origins: ReadonlyMap<Node, ReadonlySet<string>>): ReadonlySet<string> {
  return new Set(parents.flatMap((parent) => [...origins.get(parent)!]))
}
