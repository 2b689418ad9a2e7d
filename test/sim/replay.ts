/** `npm run sim -- SEED [--one] [--shrink] [PROGRAM]`: the readable trace of a seed (--one: in a world of one group), and what came of it. */
import { describeResult, programOf } from './support.ts'
import { runSeed } from '../../runtime/sim/run-seed.ts'
import { shrink } from '../../runtime/sim/shrink.ts'

const words = process.argv.slice(2)
const seed = Number(words.find((word) => /^\d+$/.test(word)))
const name = words.find((word) => !word.startsWith('--') && !/^\d+$/.test(word))
if (!Number.isSafeInteger(seed)) {
  console.error('Give a seed: npm run sim -- 123, or npm run sim -- 123 --shrink')
  process.exit(2)
}

const program = programOf(seed, name)
const chosen = { hosts: words.includes('--one') ? [1] : [1, 2, 3] }
if (words.includes('--shrink')) {
  const { result, options, runs } = shrink(program, seed, chosen)
  const smallest = runSeed(result.program, seed, { ...options, trace: true })
  console.log(smallest.events.join('\n'))
  console.log(`${describeResult(smallest)}\n(the smallest of ${runs} runs)`)
} else {
  const result = runSeed(program, seed, { ...chosen, trace: true })
  console.log(result.events.join('\n'))
  console.log(describeResult(result))
}
