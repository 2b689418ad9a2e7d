import type { Results } from './results.ts'
import type { WorldRun } from './world-run.ts'

/** What a run has come to, as users see it. */
export function simulated(run: WorldRun): Results {
  const { reader } = run
  return {
    outputs: (sink) => reader.outputs(sink) as never[],
    state: (entity, key) => reader.states(entity).get(key) as never,
    states: (entity) => reader.states(entity) as ReadonlyMap<string, unknown> as ReadonlyMap<string, never>,
    sum: (entity, of) => reader.sum(entity, of as (state: never, key: string) => number),
    deadLetters: reader.deadLetters,
    trace: () => run.trace(),
  }
}
