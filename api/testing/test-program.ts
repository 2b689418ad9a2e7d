import { createCodec } from '../../runtime/codec/codec.ts'
import type { Codec } from '../../runtime/shard/codec.ts'
import type { Plan, SinkPlan } from '../../runtime/shard/plan.ts'
import { bindByName, boundEnds } from '../bind.ts'
import { completeBindings } from '../complete-bindings.ts'
import type { Binding } from '../ends.ts'
import { invalid } from '../invalid.ts'
import type { Pipeline } from '../pipeline.ts'
import { Guard } from './guard.ts'
import { inlineOffloads } from './offloads.ts'

/** A pipeline made ready for a simulated world: watched, fed by lists, and with sinks that can be read back. */
export interface TestProgram {
  readonly plan: Plan
  readonly codec: Codec
  readonly guard: Guard
  /** Async steps that were met, and could not be waited for. */
  readonly unsettled: readonly Error[]
  /** Records by source, as in `plan.sources`. */
  readonly records: readonly (readonly Uint8Array[])[]
  /** The value that these bytes of a sink are. */
  output(bytes: Uint8Array): unknown
}

/**
 * Compiles a pipeline for a simulated world. A source that `inputs` does not bind is an error of the caller (MR_END_UNBOUND),
 * and so is one that is bound to anything but a list: a simulated world has no files.
 */
export function testProgram(pipeline: Pipeline, inputs: readonly Binding[]): TestProgram {
  const { plan, sources, offloads } = completeBindings(pipeline, inputs, { sinks: 'optional' })
  const codec = createCodec()
  const guard = new Guard(codec)
  const unsettled: Error[] = []
  const inline = inlineOffloads(codec, (error) => void unsettled.push(error))
  for (const offloaded of offloads) if (offloaded !== undefined) offloaded.inline = inline
  const values = new SinkValues(codec)
  return {
    plan: guard.watch({ ...plan, sinks: plan.sinks.map((sink) => values.keep(sink)) }),
    codec,
    guard,
    unsettled,
    records: sources.map((end, i) => {
      if (end.kind === 'list') return end.records
      throw invalid(
        `source ${JSON.stringify(plan.sources[i]!.name)} is bound to a real end, and a simulated world has none`,
        `Bind it to a list: ${plan.sources[i]!.name}.from([...])`,
      )
    }),
    output: (bytes) => values.of(bytes),
  }
}

/** Binds every source of a pipeline to nothing. */
export function nothingComesIn(pipeline: Pipeline): Binding[] {
  const { graph } = boundEnds(pipeline, [])
  return [...graph.sources.keys()].map(({ name }) => bindByName(pipeline, 'source', name, { kind: 'list', values: [] }))
}

/**
 * A sink's format may only encode, and a test wants values: so sinks are given what the codec makes of a value. The format is
 * run all the same, because it may refuse. What is no plain data is found again by the bytes of its format.
 */
class SinkValues {
  readonly #codec: Codec
  readonly #odd = new Map<string, unknown>()

  constructor(codec: Codec) {
    this.#codec = codec
  }

  keep(sink: SinkPlan): SinkPlan {
    return {
      name: sink.name,
      key: sink.key,
      encode: (value) => {
        const own = sink.encode(value)
        try {
          return this.#codec.encode(value).slice()
        } catch {
          const bytes = Buffer.from(own)
          this.#odd.set(bytes.toString('latin1'), value)
          return new Uint8Array(bytes)
        }
      },
    }
  }

  of(bytes: Uint8Array): unknown {
    const name = Buffer.from(bytes).toString('latin1')
    return this.#odd.has(name) ? this.#odd.get(name) : this.#codec.decode(bytes, 0, bytes.length)
  }
}
