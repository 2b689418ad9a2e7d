/** `npm run sim -- SEED [--shrink] [PROGRAM]`: the readable trace of a seed, and what came of it. */
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
if (words.includes('--shrink')) {
  const { result, options, runs } = shrink(program, seed)
  const smallest = runSeed(result.program, seed, { ...options, trace: true })
  console.log(smallest.events.join('\n'))
  console.log(`${describeResult(smallest)}\n(the smallest of ${runs} runs)`)
} else {
  const result = runSeed(program, seed, { trace: true })
  console.log(result.events.join('\n'))
  console.log(describeResult(result))
}
