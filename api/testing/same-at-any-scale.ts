import type { Pipeline } from '../pipeline.ts'
import { type Difference, difference } from './outcome.ts'
import { type PlainOutcome, runPlain } from './plain-world.ts'
import { type Scenario, testText } from './scenario.ts'
import { SimulationError } from './simulation-error.ts'
import { testProgram } from './test-program.ts'
import { outcomeOf, type WorldRun } from './world-run.ts'

/** Legal orders that are tried before a program is said not to depend on the order. */
const orders = 24

/** Two legal orders of the same messages with different results. */
export interface OrderReport {
  /** order: which of two messages comes first matters. time: what `ctx.now` says matters, or when a timer fires. */
  readonly dependsOn: 'order' | 'time'
  readonly text: string
}

/** Throws a SimulationError when two runs of the same input have different results, and says why. */
export function compareScales(pipeline: Pipeline, scenario: Scenario, runs: readonly WorldRun[]): void {
  const [first, ...others] = runs
  if (first === undefined || others.length === 0) return
  const expected = outcomeOf(first)
  for (const run of others) {
    const found = difference(expected, outcomeOf(run))
    if (found === undefined) continue
    const report = findOrders(pipeline, scenario)
    const scales = `${found.what} is ${found.first} on ${hostsText(first.hosts)}, and ${found.second} on ${hostsText(run.hosts)}`
    throw new SimulationError({
      verdict: 'wrong',
      property: 'sameAtAnyScale',
      what: `${scales}\n${report?.text ?? noOrder}`,
      seed: scenario.seed,
      faults: run.faults,
      test: testText(pipeline, { ...scenario, hosts: [first.hosts, run.hosts] }),
    })
  }
}

/**
 * Looks for two legal orders of the input with different results. Undefined: none was found, so all scales must agree. Handlers
 * are run plainly, without faults, so that nothing but the order can be the reason.
 */
export function findOrders(pipeline: Pipeline, scenario: Scenario): OrderReport | undefined {
  const { settleMs, inputs } = scenario
  const run = (seed: number, restless: boolean): PlainOutcome =>
    runPlain(testProgram(pipeline, inputs), { seed, restless, settleMs })
  const base = run(0, false)
  for (const restless of [false, true]) {
    for (let seed = 1; seed <= orders; seed++) {
      const other = run(seed, restless)
      const found = difference(base, other)
      if (found !== undefined)
        return { dependsOn: restless ? 'time' : 'order', text: reportText(found, base, other, restless) }
    }
  }
  return undefined
}

const noOrder =
  'No two orders of the input were found to differ without faults, so the order is not the reason: look for something that handlers share outside of their states'

function reportText(found: Difference, base: PlainOutcome, other: PlainOutcome, restless: boolean): string {
  const entity = firstDisorder(found, base, other)
  const why = restless
    ? 'The result depends on time: on ctx.now, or on whether a timer fires before a message comes.'
    : 'The result depends on the order in which messages of different senders meet.'
  const lines = [
    `${why} Without any fault, ${found.what} is ${found.first} in one legal order, and ${found.second} in another.`,
  ]
  if (entity !== undefined) {
    lines.push('', `${entity}, in one order:`, ...orderText(base.orders.get(entity)))
    lines.push(`and in the other:`, ...orderText(other.orders.get(entity)))
  }
  lines.push(
    '',
    'Make the handlers commute (keep what is needed to decide again), lead all that must be ordered through one entity, or say mayDiffer: true if either answer is right.',
  )
  return lines.join('\n')
}

/**
 * The entity where it began: it handled the same messages in another order. What differs may be further down, at an entity that
 * was sent other messages because of that.
 */
function firstDisorder({ entity }: Difference, a: PlainOutcome, b: PlainOutcome): string | undefined {
  const isDisordered = (name: string): boolean => {
    const [one, other] = [a.orders.get(name) ?? [], b.orders.get(name) ?? []]
    return one.join('\n') !== other.join('\n') && [...one].sort().join('\n') === [...other].sort().join('\n')
  }
  if (entity !== undefined && isDisordered(entity)) return entity
  return [...a.orders.keys()].find(isDisordered) ?? entity
}

function orderText(order: readonly string[] = []): string[] {
  const shown = order.slice(0, 12).map((line, i) => `  ${i + 1}. ${line}`)
  return order.length > 12 ? [...shown, `  ... and ${order.length - 12} more`] : shown
}

function hostsText(hosts: number): string {
  return hosts === 1 ? 'one host' : `${hosts} hosts`
}
