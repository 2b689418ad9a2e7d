import type { Prng } from '../../../runtime/base/prng.ts'
import type { SimProgram } from '../../../runtime/sim/sim-program.ts'
import { transfersOf } from './bank.ts'
import { countersOf } from './counters.ts'
import { marketOf } from './market.ts'
import { moodyOf } from './moody.ts'
import { partnersOf } from './partners.ts'
import { poisonOf } from './poison.ts'
import { ringOf, silentRingOf } from './ring.ts'
import { timersOf } from './timers.ts'
import { wordsOf } from './words.ts'

/** Every program that seeds are run with; a seed says which. */
export const programs: Readonly<Record<string, (prng: Prng) => SimProgram>> = {
  transfers: transfersOf,
  words: wordsOf,
  market: marketOf,
  ring: ringOf,
  'silent ring': silentRingOf,
  timers: timersOf,
  partners: partnersOf,
  counters: countersOf,
  'a little poison': (prng) => poisonOf(prng, 0.01),
  'half poison': (prng) => poisonOf(prng, 0.5),
  moody: moodyOf,
}
