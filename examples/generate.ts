/**
 * Writes input for the examples to standard output: frames for `?framing=u32`, the same ones for the same seed.
 *
 *   generate.ts market-spread 1000000 > events.msg         quotes and orders in one stream, for merged.ts
 *   generate.ts quotes 100000 > quotes.msg                 or apart, for market-spread.ts
 *   generate.ts orders 100000 > orders.msg
 *   generate.ts deposits > deposits.msg                    money for a hundred accounts
 *   generate.ts images 10000 > images.msg                digits, drawn by an unsteady hand
 *   generate.ts transfers 100000 7 > transfers.msg         from seed 7
 */
import { generateImages } from './inference/generate.ts'
import { generateEvents, generateOrders, generateQuotes } from './market-spread/generate.ts'
import { generateDeposits, generateTransfers } from './transfers/generate.ts'

const generators = {
  'market-spread': generateEvents,
  quotes: generateQuotes,
  orders: generateOrders,
  deposits: () => generateDeposits(),
  transfers: generateTransfers,
  images: generateImages,
}

const [what = '', count = '10000', seed = '1'] = process.argv.slice(2)
if (Object.hasOwn(generators, what)) {
  process.stdout.write(generators[what as keyof typeof generators]({ count: Number(count), seed: Number(seed) }))
} else {
  console.error(`usage: generate.ts ${Object.keys(generators).join('|')} [COUNT] [SEED]`)
  process.exitCode = 2
}
