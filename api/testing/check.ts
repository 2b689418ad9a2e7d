import type { Pipeline } from '../pipeline.ts'
import { settleOffloads } from './offloads.ts'
import {
  deterministicHandlers,
  eventuallyQuiet,
  frozenMessages,
  pureSteps,
  stateSurvivesCodec,
} from './properties/plain.ts'
import type { Property } from './properties/property.ts'
import { promisesKept, sameAtAnyScale } from './properties/world.ts'
import { type Scenario, scenarioOf, testText } from './scenario.ts'
import { shrinkScenario } from './shrink-scenario.ts'
import type { SimulateOptions } from './simulate-options.ts'
import { SimulationError } from './simulation-error.ts'
import { Trial } from './trial.ts'

export interface CheckOptions extends SimulateOptions {
  /** How many seeds are tried, from `seed` on. Default 20. */
  readonly seeds?: number
  /** What is to be true. Default: `standard`. */
  readonly properties?: readonly Property[]
  /** Whether a failure is made as small as can be before it is thrown. Default true. */
  readonly shrink?: boolean
}

/** What was tried, so that a test can say that it was not nothing. */
export interface CheckReport {
  readonly seeds: number
  /** Simulated worlds. */
  readonly worlds: number
  /** Faults that happened in them. */
  readonly faults: number
  /** Messages that were handled in them. */
  readonly handled: number
}

/** What is true of every pipeline that is right, in the order in which it is cheapest to find out. */
export const standard: readonly Property[] = [
  pureSteps(),
  deterministicHandlers(),
  frozenMessages(),
  stateSurvivesCodec(),
  eventuallyQuiet(),
  promisesKept(),
  sameAtAnyScale(),
]

/**
 * Tries to find an input order, a scale and faults with which a property does not hold. Default hosts: [1, 2, 3]. Rejects with a
 * SimulationError about the smallest failure that was found: fewest hosts, faults and records, with a test to paste.
 */
export async function check(pipeline: Pipeline, options: CheckOptions): Promise<CheckReport> {
  const { seeds = 20, properties = standard, shrink = true } = options
  const scenario = scenarioOf({ hosts: [1, 2, 3], ...options })
  await settleOffloads(pipeline, scenario.inputs)
  const report = { seeds, worlds: 0, faults: 0, handled: 0 }
  for (let seed = scenario.seed; seed < scenario.seed + seeds; seed++) {
    const trial = new Trial(pipeline, { ...scenario, seed })
    for (const property of properties) {
      const failure = failureOf(property, trial)
      if (failure !== undefined) throw shrink ? smallest(property, trial, failure) : failure
    }
    count(report, trial)
  }
  return report
}

function count(report: { worlds: number; faults: number; handled: number }, trial: Trial): void {
  for (const { result } of trial.started()) {
    report.worlds += 1
    report.faults += result.faults.length
    report.handled += result.handled
  }
}

/** Says why a property does not hold in a trial; undefined: it does. */
function failureOf(property: Property, trial: Trial): SimulationError | undefined {
  const { scenario, pipeline } = trial
  try {
    const what = property.find(trial)
    if (what === undefined) return undefined
    return new SimulationError({
      verdict: property.name === 'eventuallyQuiet' ? 'stuck' : 'wrong',
      property: property.name,
      what,
      seed: scenario.seed,
      faults: faultsOf(trial),
      test: testText(pipeline, scenario, property.sourceText ?? `${property.name}()`),
    })
  } catch (error) {
    if (error instanceof SimulationError) return error
    throw error
  }
}

/** Of the worlds that were looked at. */
function faultsOf(trial: Trial): string[] {
  return [...new Set(trial.started().flatMap(({ faults }) => faults))]
}

function smallest(property: Property, trial: Trial, first: SimulationError): SimulationError {
  const again = (scenario: Scenario): SimulationError | undefined => {
    const error = failureOf(property, new Trial(trial.pipeline, scenario))
    return error?.property === first.property && error?.verdict === first.verdict ? error : undefined
  }
  return shrinkScenario(trial.pipeline, trial.scenario, first, again).error
}
