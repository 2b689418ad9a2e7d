/** How many simulated worlds a second each example is run in, faults included: on one host, and on three. */
import { simulate } from 'millrace/testing'
import { type ExampleScenario, scenarios } from '../../test/examples/support/scenarios.ts'
import { spreadOf } from '../support/figures.ts'
import { print, rounds, scale } from '../support/measure.ts'

let seed = 1

/** Worlds per second, during `seconds`. */
async function rate({ pipeline, options }: ExampleScenario, hosts: number, seconds: number): Promise<number> {
  const { inputs, mayDiffer = false, settleMs = 60_000 } = options
  const begun = performance.now()
  let worlds = 0
  for (; performance.now() - begun < 1_000 * seconds; worlds++)
    await simulate(pipeline, { inputs, mayDiffer, settleMs, hosts: [hosts], seed: seed++ })
  return (1_000 * worlds) / (performance.now() - begun)
}

for (const [name, scenario] of Object.entries<ExampleScenario>(scenarios)) {
  for (const hosts of [1, 3]) {
    await rate(scenario, hosts, 0.3) // until the code is warm
    const rates: number[] = []
    for (let round = 0; round < rounds; round++) rates.push(await rate(scenario, hosts, scale))
    const { median, lowest, highest } = spreadOf(rates)
    const figure = `${median.toFixed(0)} worlds/s (${lowest.toFixed(0)} to ${highest.toFixed(0)})`
    print(`${name}, ${hosts === 1 ? 'one host' : `${hosts} hosts`}`, figure, '')
  }
}
