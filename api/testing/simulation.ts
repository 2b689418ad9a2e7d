import type { CheckOptions } from './check.ts'

/** How `millrace sim FILE` tries a program: what its file exports as `simulation`. The command line comes first. */
export type Simulation = Omit<CheckOptions, 'inputs' | 'seed' | 'seeds' | 'shrink' | 'without'>
