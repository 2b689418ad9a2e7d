import { pipeline } from 'millrace'
import type { Builder } from 'millrace'
import { compile } from '../../api/compile.ts'
import type { Flow, Plan } from '../../runtime/shard/plan.ts'

/** Where a value went: `['entity', route, key, value]` or `['sink', name, value]`. */
export type Received = unknown[]

/** What a flow does with a value, by names. */
export function run(flow: Flow, value: unknown, plan: Plan): Received[] {
  const seen: Received[] = []
  flow(value, {
    toEntity: (route, key, message) => seen.push(['entity', plan.routes[route]!.name, key, message]),
    toSink: (sink, output) => seen.push(['sink', plan.sinks[sink]!.name, output]),
  })
  return seen
}

/** What becomes of the values of a pipeline's first source. */
export function received(build: (p: Builder) => void, values: readonly unknown[]): Received[] {
  const plan = compile(pipeline('p', build))
  return values.flatMap((value) => run(plan.sources[0]!.flow, value, plan))
}
