import type { Graph } from './graph.ts'
import { invalid } from './invalid.ts'

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
  for (const { step, next } of graph.nodes) {
    // A key that nobody uses is half a line.
    if (step.kind === 'keyBy' && next.length === 0) {
      throw invalid(
        `${where} has a keyBy(${excerpt(String(step.run))}) that leads nowhere`,
        'Write .to(Entity.handler) after it, or leave it out',
      )
    }
  }
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
