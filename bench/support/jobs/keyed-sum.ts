/** A sum per key, from memory. */
import { bind, type Program } from 'millrace'
import { amountsPart, keyedSum, sums } from '../keyed-sum.ts'
import { sinkEnd } from '../port-ends.ts'
import { countingSink } from '../run-worker.ts'
import { parametersHere, partEnd } from './parameters.ts'

const parameters = parametersHere()
const parts = Array.from({ length: parameters.parts }, (_, part) => amountsPart(part))

const program: Program = bind(keyedSum(parts), [
  ...parts.map((part, i) => part.from(partEnd(parameters, i))),
  sums.to(sinkEnd('nowhere', countingSink)),
])
export default program
