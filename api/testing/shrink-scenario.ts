import { bindByName } from '../bind.ts'
import { bindingOf } from '../end-definition.ts'
import type { Binding } from '../ends.ts'
import type { Pipeline } from '../pipeline.ts'
import type { Scenario } from './scenario.ts'
import type { SimulationError } from './simulation-error.ts'

/** Runs that finding a smaller failure may take. */
const maxRuns = 600
/** With less input everything happens at other moments: seeds that a fault gets to hit again, before the input is kept. */
const otherSeeds = 8

/**
 * Looks for the smallest scenario that still fails in the same way: fewer hosts, fewer faults, fewer records. Greedy: what can be
 * left out stays out. `failure` runs a scenario and gives what it fails with, if that is the failure that is looked for.
 */
export function shrinkScenario(
  pipeline: Pipeline,
  scenario: Scenario,
  first: SimulationError,
  failure: (scenario: Scenario) => SimulationError | undefined,
): { readonly scenario: Scenario; readonly error: SimulationError } {
  let best = { scenario, error: first }
  let runs = 0
  const tries = (change: Partial<Scenario>): boolean => {
    if (runs >= maxRuns) return false
    runs += 1
    const smaller = { ...best.scenario, ...change }
    const error = failure(smaller)
    if (error !== undefined) best = { scenario: smaller, error }
    return error !== undefined
  }
  const triesSeeds = (change: Partial<Scenario>): boolean => {
    if (tries(change)) return true
    const isChancy = best.error.faults.length > 0 || Math.max(...best.scenario.hosts) > 1
    if (!isChancy) return false
    for (let other = 1; other <= otherSeeds; other++)
      if (tries({ ...change, seed: best.scenario.seed + other, without: [] })) return true
    return false
  }
  for (let before = -1; before !== sizeOf(best); ) {
    before = sizeOf(best)
    fewerHosts(() => best.scenario, tries)
    if (best.scenario.faults !== 'none' && !tries({ faults: 'none', without: [] })) fewerFaults(() => best, tries)
    fewerRecords(pipeline, () => best.scenario, triesSeeds)
  }
  return best
}

type Tries = (change: Partial<Scenario>) => boolean

function sizeOf({ scenario, error }: { readonly scenario: Scenario; readonly error: SimulationError }): number {
  const records = scenario.inputs.reduce((sum, binding) => sum + valuesOf(binding).length, 0)
  return records + error.faults.length + scenario.hosts.reduce((sum, count) => sum + count, 0)
}

function fewerHosts(scenario: () => Scenario, tries: Tries): void {
  const { hosts } = scenario()
  for (const count of hosts) if (hosts.length > 1 && tries({ hosts: [count] })) return
  for (const drop of hosts) if (hosts.length > 2) tries({ hosts: scenario().hosts.filter((count) => count !== drop) })
  if (Math.max(...scenario().hosts) > 1) tries({ hosts: scenario().hosts.map(() => 1) })
}

function fewerFaults(best: () => { readonly scenario: Scenario; readonly error: SimulationError }, tries: Tries): void {
  const indexes = best().error.faults.map((fault) => Number.parseInt(fault, 10))
  for (let length = indexes.length; length >= 1; length >>= 1) {
    for (let at = indexes.length - length; at >= 0; at -= length)
      tries({ without: [...new Set([...best().scenario.without, ...indexes.slice(at, at + length)])] })
  }
}

/** Leaves out runs of records: first long ones, then short ones. */
function fewerRecords(pipeline: Pipeline, scenario: () => Scenario, tries: Tries): void {
  scenario().inputs.forEach((_, input) => {
    const values = (): readonly unknown[] => valuesOf(scenario().inputs[input]!)
    for (let length = values().length; length >= 1; length >>= 1) {
      for (let at = values().length - length; at >= 0; at -= length) {
        const left = [...values().slice(0, at), ...values().slice(at + length)]
        tries({
          inputs: scenario().inputs.map((binding, i) => (i === input ? rebound(pipeline, binding, left) : binding)),
        })
      }
    }
  })
}

function valuesOf(binding: Binding): readonly unknown[] {
  const real = bindingOf(binding)?.real
  return real?.kind === 'list' ? real.values : []
}

function rebound(pipeline: Pipeline, { end }: Binding, values: readonly unknown[]): Binding {
  return bindByName(pipeline, 'source', end, { kind: 'list', values })
}
