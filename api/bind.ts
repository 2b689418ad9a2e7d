import { MillraceError } from '../runtime/base/errors.ts'
import type { BindingDefinition, SinkDefinition, SourceDefinition } from './end-definition.ts'
import { bindingOf, hideBinding } from './end-definition.ts'
import { deadLettersEnd } from './dead-letters.ts'
import type { Binding } from './ends.ts'
import type { Graph } from './graph.ts'
import { invalid } from './invalid.ts'
import { graphOf } from './pipeline.ts'
import type { Pipeline } from './pipeline.ts'
import { makeProgram } from './program.ts'
import type { Program } from './program.ts'
import type { RealEnd } from './real-end.ts'

/**
 * A pipeline with its real ends. Every worker loads the file that exports it by itself. Ends that are left out may still be given
 * on the command line: they are missed when the program is run, before anything is read.
 */
export function bind(pipeline: Pipeline, ends: readonly Binding[]): Program {
  boundEnds(pipeline, ends)
  return makeProgram(pipeline, [...ends])
}

/** Every end that is bound, once, and what it is. */
export interface BoundEnds {
  readonly graph: Graph
  readonly sources: ReadonlyMap<SourceDefinition, RealEnd>
  /** Dead letters too, where they are bound. */
  readonly sinks: ReadonlyMap<SinkDefinition, RealEnd>
}

export function boundEnds(pipeline: Pipeline, bindings: readonly Binding[]): BoundEnds {
  const graph = graphOf(pipeline)
  if (graph === undefined)
    throw invalid('bind was given something that is no pipeline', "Write bind(pipeline('name', ...), [...])")
  const sources = new Map<SourceDefinition, RealEnd>()
  const sinks = new Map<SinkDefinition, RealEnd>()
  for (const binding of bindings) {
    const definition = bindingOf(binding)
    if (definition === undefined) {
      throw invalid(
        `pipeline ${shown(graph)} is bound to something that is no bound end`,
        'Write quotes.from(file(...)) for a source, and counts.to(file(...)) for a sink',
      )
    }
    if (definition.kind === 'source') {
      known(graph, 'source', definition.source, [...graph.sources.keys()])
      once(graph, definition, sources.has(definition.source))
      sources.set(definition.source, definition.real)
    } else {
      known(graph, 'sink', definition.sink, [...graph.sinks, deadLettersEnd])
      once(graph, definition, sinks.has(definition.sink))
      sinks.set(definition.sink, definition.real)
    }
  }
  return { graph, sources, sinks }
}

/** A binding of an end that is known by its name only, as on the command line. */
export function bindByName(pipeline: Pipeline, kind: 'source' | 'sink', name: string, real: RealEnd): Binding {
  const { graph } = boundEnds(pipeline, [])
  const binding = { end: name }
  if (kind === 'source') {
    const source = [...graph.sources.keys()].find((source) => source.name === name)
    if (source === undefined) throw unknownEnd(graph, kind, name, [...graph.sources.keys()])
    hideBinding(binding, { kind, source, real })
  } else {
    const sinks = [...graph.sinks, deadLettersEnd]
    const sink = sinks.find((sink) => sink.name === name)
    if (sink === undefined) throw unknownEnd(graph, kind, name, sinks)
    hideBinding(binding, { kind, sink, real })
  }
  return Object.freeze(binding) as unknown as Binding
}

/** `bindings`, with those left out whose end is in `others`, and these in their place. */
export function rebind(bindings: readonly Binding[], others: readonly Binding[]): Binding[] {
  const taken = new Set(others.map((binding) => endOf(bindingOf(binding))))
  return [...bindings.filter((binding) => !taken.has(endOf(bindingOf(binding)))), ...others]
}

function endOf(definition: BindingDefinition | undefined): object | undefined {
  return definition?.kind === 'source' ? definition.source : definition?.sink
}

type Named = { readonly name: string }

function known(graph: Graph, kind: 'source' | 'sink', end: Named, ends: readonly Named[]): void {
  if (ends.includes(end)) return
  if (!ends.some(({ name }) => name === end.name)) throw unknownEnd(graph, kind, end.name, ends)
  throw new MillraceError(
    'MR_END_UNKNOWN',
    `pipeline ${shown(graph)} has another ${kind} called ${JSON.stringify(end.name)} than the one that is bound`,
    {
      next: `Bind the one that the pipeline uses: import it, and make no second ${kind}(${JSON.stringify(end.name)}, ...)`,
    },
  )
}

function unknownEnd(graph: Graph, kind: 'source' | 'sink', name: string, ends: readonly Named[]): MillraceError {
  const names = ends.map((end) => JSON.stringify(end.name)).join(', ')
  return new MillraceError('MR_END_UNKNOWN', `pipeline ${shown(graph)} has no ${kind} called ${JSON.stringify(name)}`, {
    next: names === '' ? `It has no ${kind}s: leave the binding out` : `Its ${kind}s are ${names}`,
  })
}

function once(graph: Graph, definition: BindingDefinition, again: boolean): void {
  if (!again) return
  const [kind, name] =
    definition.kind === 'source' ? ['source', definition.source.name] : ['sink', definition.sink.name]
  throw new MillraceError(
    'MR_END_BOUND_TWICE',
    `${kind} ${JSON.stringify(name)} of pipeline ${shown(graph)} is bound twice`,
    {
      next: 'Leave one of the two bindings out',
    },
  )
}

function shown(graph: Graph): string {
  return JSON.stringify(graph.name)
}
