import type { SimOptions } from '../../runtime/sim/run-seed.ts'

export interface Regression {
  /** What was wrong. */
  readonly name: string
  readonly seed: number
  /** By name, where it is not the one that the seed would choose. */
  readonly program?: string
  readonly options?: SimOptions
}

/** Seeds that found something once. What a seed does changes with the simulator; what each of these found is in its name. */
export const regressions: readonly Regression[] = []
