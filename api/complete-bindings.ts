import { MillraceError, messageOf } from '../runtime/base/errors.ts'
import { createCodec } from '../runtime/codec/codec.ts'
import type { Plan } from '../runtime/shard/plan.ts'
import type { BoundEnds } from './bind.ts'
import { boundEnds } from './bind.ts'
import { compile, sinkPlan } from './compile.ts'
import { deadLettersEnd } from './dead-letters.ts'
import type { Binding } from './ends.ts'
import { OffloadedSource } from './offload/offloaded-source.ts'
import { offloadsBehind } from './offload/steps.ts'
import type { Pipeline } from './pipeline.ts'
import type { Prepared } from './prepared.ts'
import type { RealEnd } from './real-end.ts'

/** A plan and the real ends that its sources and sinks are: what is left is to make ports of them. */
export interface CompleteProgram {
  readonly plan: Plan
  /** As `plan.sources`. */
  readonly sources: readonly SourceEnd[]
  /** As `plan.sinks`. Undefined: not bound, which only `sinks: 'optional'` permits. */
  readonly sinks: readonly (RealEnd | undefined)[]
  /** What the formats of both need from outside. Undefined: nothing. */
  readonly formats: {
    readonly sources: readonly (Prepared | undefined)[]
    readonly sinks: readonly (Prepared | undefined)[]
  }
  /** As `plan.sources`: those that have offloaded steps. */
  readonly offloads: readonly (OffloadedSource | undefined)[]
}

/** The records of a list are encoded already, and the plan's source decodes them: they do not pass through the format. */
export type SourceEnd =
  | Exclude<RealEnd, { kind: 'list' }>
  | { readonly kind: 'list'; readonly records: readonly Uint8Array[] }

/**
 * Compiles a pipeline and gives each of its ends the real thing that it is. Throws MR_END_UNBOUND, MR_END_BOUND_TWICE or
 * MR_END_UNKNOWN. The sinks of a simulation need no binding: `sinks: 'optional'`.
 *
 * The values of a list are values of the source's type, not records: encoding them with the source's format and decoding them again
 * would change what a format cannot say (a Date in JSON), and a source may only decode. So they travel as the codec's bytes.
 */
export function completeBindings(
  pipeline: Pipeline,
  bindings: readonly Binding[],
  options: { sinks?: 'required' | 'optional' } = {},
): CompleteProgram {
  const ends = boundEnds(pipeline, bindings)
  checkUnbound(ends, options.sinks ?? 'required')
  const bare = compile(pipeline)
  const definitions = [...ends.graph.sources.keys()]
  const sinks = [...ends.graph.sinks]
  // Dead letters are an end of every pipeline, but one that the graph need not mention.
  const letters = ends.sinks.has(deadLettersEnd) && !sinks.includes(deadLettersEnd)
  if (letters) sinks.push(deadLettersEnd)
  const deadLetterSink = sinks.indexOf(deadLettersEnd)
  const codec = createCodec()
  const decode = (bytes: Uint8Array): unknown => codec.decode(bytes, 0, bytes.length)
  const reals = definitions.map((source) => ends.sources.get(source)!)
  const plans = bare.sources.map((source, i) =>
    reals[i]!.kind === 'list' ? { ...source, decode, key: undefined } : source,
  )
  const offloads = definitions.map((source, i) => {
    const steps = offloadsBehind(ends.graph.sources.get(source)!)
    return steps.length === 0 ? undefined : new OffloadedSource(plans[i]!, steps, codec)
  })
  return {
    plan: {
      ...bare,
      sources: plans.map((source, i) => offloads[i]?.plan ?? source),
      sinks: letters ? [...bare.sinks, sinkPlan(deadLettersEnd)] : bare.sinks,
      deadLetterSink: deadLetterSink < 0 ? undefined : deadLetterSink,
    },
    sources: reals.map((real, i) => {
      if (real.kind !== 'list') return real
      return {
        kind: 'list',
        records: real.values.map((value, at) => encoded(definitions[i]!.name, at, () => codec.encode(value).slice())),
      }
    }),
    sinks: sinks.map((sink) => ends.sinks.get(sink)),
    formats: {
      // The values of a list do not pass through the format.
      sources: definitions.map(({ prepared }, i) => (reals[i]!.kind === 'list' ? undefined : prepared)),
      sinks: sinks.map(({ prepared }) => prepared),
    },
    offloads,
  }
}

function encoded(source: string, at: number, encode: () => Uint8Array): Uint8Array {
  try {
    return encode()
  } catch (cause) {
    throw new MillraceError(
      'MR_ENCODE_FAILED',
      `source ${JSON.stringify(source)} is bound to a list whose value ${at} cannot be sent: ${messageOf(cause)}`,
      {
        next: 'Put plain data into the list',
        cause,
      },
    )
  }
}

function checkUnbound({ graph, sources, sinks }: BoundEnds, wanted: 'required' | 'optional'): void {
  const missing = [...graph.sources.keys()]
    .filter((source) => !sources.has(source))
    .map(({ name }) => `source ${JSON.stringify(name)}`)
  const hints = [...graph.sources.keys()]
    .filter((source) => !sources.has(source))
    .map(({ name }) => `--in ${name}=FILE`)
  if (wanted === 'required') {
    for (const sink of graph.sinks) {
      if (sinks.has(sink)) continue
      missing.push(`sink ${JSON.stringify(sink.name)}`)
      hints.push(`--out ${sink.name}=FILE`)
    }
  }
  if (missing.length === 0) return
  throw new MillraceError(
    'MR_END_UNBOUND',
    `${missing.join(' and ')} of pipeline ${JSON.stringify(graph.name)} ${missing.length === 1 ? 'is' : 'are'} bound to nothing`,
    {
      next: `Add .from(...) or .to(...) of it to bind(pipeline, [...]), or run with ${hints.join(' ')}`,
    },
  )
}
