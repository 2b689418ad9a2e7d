import type { Pipeline } from '../pipeline.ts'
import { settleOffloads } from './offloads.ts'
import type { Results } from './results.ts'
import { compareScales } from './same-at-any-scale.ts'
import { scenarioOf } from './scenario.ts'
import { simulated } from './simulated.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { simulateOnce } from './world-run.ts'

/** One run of a pipeline in a simulated world, at its end. */
export interface Simulated extends Results {
  readonly seed: number
  readonly hosts: number
  /** What went wrong on purpose, in order. */
  readonly faults: readonly string[]
  /** Messages that were handled, those between entities included. */
  readonly handled: number
  /** One for each number of hosts, in the order in which they were given; this is the last of them. */
  readonly runs: readonly Simulated[]
}

/**
 * Runs a pipeline in a simulated world, once for each number of hosts: the worker of production in virtual time, with faults.
 * In the end all is well again, everything must come to rest, and what was committed is compared with what the plain handlers
 * do. Rejects with a SimulationError when a promise is broken, when a handler or a step does what it may not (read the clock,
 * change its message), or when scales disagree; with a MillraceError for a source without a list.
 */
export async function simulate(pipeline: Pipeline, options: SimulateOptions): Promise<Simulated> {
  const scenario = scenarioOf(options)
  await settleOffloads(pipeline, scenario.inputs)
  const runs = scenario.hosts.map((hosts) => simulateOnce(pipeline, scenario, hosts))
  if (!scenario.mayDiffer) compareScales(pipeline, scenario, runs)
  const all: Simulated[] = []
  for (const run of runs)
    all.push({
      ...simulated(run),
      seed: scenario.seed,
      hosts: run.hosts,
      faults: run.faults,
      handled: run.result.handled,
      runs: all,
    })
  return all.at(-1)!
}
