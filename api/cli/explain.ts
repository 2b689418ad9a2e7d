import type { BoundEnds } from '../bind.ts'
import type { SinkDefinition, SourceDefinition } from '../end-definition.ts'
import type { EntityDefinition } from '../entity-definition.ts'
import type { Node } from '../graph.ts'
import type { RealEnd } from '../real-end.ts'

/** What one link of a path does when the program is killed in the middle. Undefined: nothing, it is as if it had not happened. */
type Weakness = { readonly kind: 'repeats' | 'loses' | 'unknown'; readonly why: string } | undefined

/** Everything between, entities and the messages and timers between them, is committed in one record with the positions of both ends. */
export function explain(ends: BoundEnds): string[] {
  const { graph } = ends
  return [
    `pipeline ${graph.name}`,
    '',
    ...table(
      'sources',
      [...graph.sources.keys()].map(({ name }) => name),
      [...graph.sources.keys()].map((source) => described(ends.sources.get(source))),
    ),
    ...table(
      'sinks',
      [...graph.sinks].map(({ name }) => name),
      [...graph.sinks].map((sink) => described(ends.sinks.get(sink))),
    ),
    ...table(
      'entities',
      [...graph.entities].map(({ name }) => name),
      [...graph.entities].map(rulesOf),
    ),
    ...pathLines(ends),
  ]
}

function table(title: string, names: readonly string[], texts: readonly string[]): string[] {
  if (names.length === 0) return []
  const width = Math.max(...names.map(({ length }) => length))
  return [`${title}:`, ...names.map((name, i) => `  ${name.padEnd(width)}  ${texts[i]}`.trimEnd()), '']
}

function rulesOf({ handlers, upcasts, ttlMs, onError }: EntityDefinition): string {
  const rules = [`handles ${handlers.map(({ name }) => name).join(', ')}`]
  if (upcasts.length > 0) rules.push(`version ${upcasts.length + 1}`)
  if (ttlMs !== undefined) rules.push(`forgotten ${ttlMs} ms after its last message`)
  const first = onError.retries > 0 ? `${onError.retries} more tries, then ` : ''
  rules.push(`on error: ${first}${onError.then === 'stop' ? 'stop' : 'dead letter'}`)
  return rules.join('; ')
}

function described(end: RealEnd | undefined): string {
  if (end === undefined) return 'not bound'
  if (end.kind === 'list') return `a list of ${end.values.length} values`
  if (end.kind === 'stdio') return `- (${end.framing})`
  if (end.kind === 'kafka') return `topic ${end.topic} on ${end.brokers.join(', ')}`
  if (end.kind === 'port') return end.text
  return `${end.path} (${end.framing})`
}

interface Path {
  readonly source: SourceDefinition | undefined
  readonly names: readonly string[]
  readonly sink: SinkDefinition
}

function pathLines(ends: BoundEnds): string[] {
  const lines: string[] = []
  for (const { source, names, sink } of pathsOf(ends)) {
    const weak = [
      source && weaknessOfSource(source.name, ends.sources.get(source)),
      weaknessOfSink(sink.name, ends.sinks.get(sink)),
    ].filter((weakness) => weakness !== undefined)
    lines.push(`${names.join(' -> ')}: ${guarantee(weak)}`)
    lines.push(
      ...(weak.length === 0
        ? ['  no link is weak: positions are committed together with what they caused']
        : weak.map(({ why }) => `  weakest link: ${why}`)),
    )
  }
  return lines.length === 0 ? ['No path leads to a sink.'] : lines
}

function guarantee(weak: readonly NonNullable<Weakness>[]): string {
  const has = (kind: NonNullable<Weakness>['kind']): boolean => weak.some((weakness) => weakness.kind === kind)
  if (has('unknown')) return 'depends on what is bound'
  if (has('loses'))
    return has('repeats') ? 'after a crash some may be missing, and some may come twice' : 'at-most-once across a crash'
  return has('repeats') ? 'at-least-once' : 'effectively-once'
}

function weaknessOfSource(name: string, end: RealEnd | undefined): Weakness {
  const source = `source ${JSON.stringify(name)}`
  if (end === undefined) return { kind: 'unknown', why: `${source} is bound to nothing yet` }
  if (end.kind === 'kafka' && end.onExpired === 'skip')
    return {
      kind: 'loses',
      why: `${source} is a topic with onExpired "skip": what retention removes before it is read is gone`,
    }
  if (end.kind !== 'stdio') return undefined
  return {
    kind: 'loses',
    why: `${source} is standard input, which cannot be read again: what was read and not committed is gone after a crash`,
  }
}

function weaknessOfSink(name: string, end: RealEnd | undefined): Weakness {
  const sink = `sink ${JSON.stringify(name)}`
  if (end === undefined) return { kind: 'unknown', why: `${sink} is bound to nothing yet` }
  if (end.kind === 'port')
    return { kind: 'unknown', why: `${sink} is ${end.text}, which says what it promises when it is opened` }
  if (end.kind === 'kafka' && end.guarantee !== 'exactly-once')
    return {
      kind: 'repeats',
      why: `${sink} is a topic with guarantee ${JSON.stringify(end.guarantee)}: after a crash some comes again`,
    }
  if (end.kind !== 'stdio') return undefined
  return {
    kind: 'repeats',
    why: `${sink} is standard output, which does not remember what it has: after a crash some comes again`,
  }
}

/** Each way from a source, or from the messages that entities and timers send, to a sink. Pure steps are not named. */
function pathsOf({ graph }: BoundEnds): Path[] {
  const paths = new Map<string, Path>()
  const walk = (node: Node, source: SourceDefinition | undefined, names: readonly string[]): void => {
    for (const next of node.next) {
      const { step } = next
      if (step.kind === 'into') {
        const path = { source, names: [...names, step.sink.name], sink: step.sink }
        paths.set(path.names.join('\n'), path)
      } else if (step.kind === 'to') {
        const name = `${step.handler.entity.name}.${step.handler.name}`
        if (names.includes(name)) continue
        walk(next, source, [...names, name])
        const listened = graph.listened.get(step.handler)
        if (listened !== undefined) walk(listened, source, [...names, name])
      } else walk(next, source, names)
    }
  }
  for (const [source, node] of graph.sources) walk(node, source, [source.name])
  for (const [handler, node] of graph.listened)
    walk(node, undefined, ['messages and timers', `${handler.entity.name}.${handler.name}`])
  return [...paths.values()]
}
