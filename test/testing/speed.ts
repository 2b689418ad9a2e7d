/**
 * Prints how many simulated worlds a second each example is run in, faults included.
 *
 *   npm run sim:speed -- [SECONDS]
 */
import { cpus } from 'node:os'
import { simulate } from 'millrace/testing'
import { type ExampleScenario, scenarios } from '../examples/support/scenarios.ts'

const seconds = Number(process.argv[2] ?? 3)
const scales = [1, 3]

console.log(`${cpus().length} x ${cpus()[0]!.model}, Node ${process.versions.node}; one thread, ${seconds} s each`)
console.log(
  `${'runs per second'.padEnd(24)}${scales.map((hosts) => hostsText(hosts).padStart(12)).join('')}     messages/s`,
)
for (const [name, scenario] of Object.entries<ExampleScenario>(scenarios)) {
  const measured = []
  for (const hosts of scales) measured.push(await measure(scenario, hosts))
  const runs = measured.map(({ perSecond }) => perSecond.toFixed(0).padStart(12)).join('')
  console.log(`${name.padEnd(24)}${runs}${measured[0]!.messagesPerSecond.toFixed(0).padStart(15)}`)
}

async function measure({ pipeline, options }: ExampleScenario, hosts: number) {
  const { inputs, mayDiffer = false, settleMs = 60_000 } = options
  let messages = 0
  let seed = 1
  const run = async (): Promise<void> => {
    const { handled } = await simulate(pipeline, { inputs, mayDiffer, settleMs, hosts: [hosts], seed: seed++ })
    messages += handled
  }
  for (let i = 0; i < 20; i++) await run() // until the code is warm
  messages = 0
  const startMs = performance.now()
  const first = seed
  while (performance.now() - startMs < 1_000 * seconds) await run()
  const elapsed = (performance.now() - startMs) / 1_000
  return { perSecond: (seed - first) / elapsed, messagesPerSecond: messages / elapsed }
}

function hostsText(hosts: number): string {
  return hosts === 1 ? '1 host' : `${hosts} hosts`
}
