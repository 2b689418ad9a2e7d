import type { Trial } from '../trial.ts'

/** Something that is to be true of a pipeline. */
export interface Property {
  readonly name: string
  /** How a test says it. Default: the name, called without arguments. */
  readonly sourceText?: string
  /** What shows that it does not hold; undefined: nothing in this trial does. May throw a SimulationError instead. */
  find(trial: Trial): string | undefined
}
