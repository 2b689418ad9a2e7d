import { conserved, type Simulation, standard } from 'millrace/testing'
import { numbers, Sum } from './simulated.ts'

export { default } from './simulated.ts'

/** It expects half of what is put in: wrong on purpose, to see that it is asked for. */
export const simulation: Simulation = {
  hosts: [2],
  faults: 'none',
  properties: [
    ...standard,
    conserved('numbers', {
      enters: (inputs) => inputs.of(numbers).reduce((sum, n) => sum + n, 0) / 2,
      held: (run) => run.sum(Sum, ({ sum }) => sum),
    }),
  ],
}
