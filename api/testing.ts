/** What a test imports from 'millrace/testing': prove a pipeline at any scale, or step through it by hand. */

// By hand
export { context } from './testing/context.ts'
export type { ContextOptions, TestContext } from './testing/context.ts'
export { harness } from './testing/harness.ts'
export type { Harness, HarnessOptions } from './testing/harness.ts'
export type { Results } from './testing/results.ts'

// In a simulated world
export { simulate } from './testing/simulate.ts'
export type { Simulated } from './testing/simulate.ts'
export type { SimulateOptions } from './testing/simulate-options.ts'
export type { Fault, Faults } from './testing/faults.ts'
export type { Committed, Invariants } from './testing/invariants.ts'

// Properties
export { check, standard } from './testing/check.ts'
export type { CheckOptions, CheckReport } from './testing/check.ts'
export type { Simulation } from './testing/simulation.ts'
export type { Property } from './testing/properties/property.ts'
export {
  deterministicHandlers,
  eventuallyQuiet,
  frozenMessages,
  pureSteps,
  stateSurvivesCodec,
} from './testing/properties/plain.ts'
export { conserved, effectivelyOnce, orderPerKey, promisesKept, sameAtAnyScale } from './testing/properties/world.ts'
export { upcasts } from './testing/properties/upcasts.ts'
export type { Inputs, Trial } from './testing/trial.ts'

// What a test fails with
export { SimulationError } from './testing/simulation-error.ts'
export type { SimulationVerdict } from './testing/simulation-error.ts'
