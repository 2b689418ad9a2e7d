import { bindByName } from '../bind.ts'
import { bindingOf } from '../end-definition.ts'
import type { Binding } from '../ends.ts'
import type { Pipeline } from '../pipeline.ts'
import { betweenHosts, faultOf } from './faults.ts'
import type { Scenario } from './scenario.ts'
import type { SimulationError } from './simulation-error.ts'

/** Runs and time that finding a smaller failure may take. */
const maxRuns = 600
const maxMs = 10_000
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
): Smallest {
  const search = new Search({ scenario, error: first }, failure)
  for (let before = -1; before !== sizeOf(search.best); ) {
    before = sizeOf(search.best)
    fewerHosts(search)
    fewerKinds(search)
    fewerRecords(pipeline, search)
    fewerFaults(search)
  }
  return search.best
}

interface Smallest {
  readonly scenario: Scenario
  readonly error: SimulationError
}

class Search {
  best: Smallest
  readonly #failure: (scenario: Scenario) => SimulationError | undefined
  readonly #endMs: number = performance.now() + maxMs
  #runs = 0

  constructor(first: Smallest, failure: (scenario: Scenario) => SimulationError | undefined) {
    this.best = first
    this.#failure = failure
  }

  /** Whether it still fails so; then it is the best. */
  tries(change: Partial<Scenario>): boolean {
    if (this.#runs >= maxRuns || performance.now() > this.#endMs) return false
    this.#runs += 1
    const scenario = { ...this.best.scenario, ...change }
    const error = this.#failure(scenario)
    if (error !== undefined) this.best = { scenario, error }
    return error !== undefined
  }

  /** As `tries`, and where chance has a part in it, with other seeds too. */
  triesSeeds(change: Partial<Scenario>): boolean {
    if (this.tries(change)) return true
    const { scenario, error } = this.best
    if (error.faults.length === 0 && Math.max(...scenario.hosts) === 1) return false
    for (let other = 1; other <= otherSeeds; other++)
      if (this.tries({ ...change, seed: scenario.seed + other, without: [] })) return true
    return false
  }
}

function sizeOf({ scenario, error }: Smallest): number {
  const records = scenario.inputs.reduce((sum, binding) => sum + valuesOf(binding).length, 0)
  return records + error.faults.length + scenario.hosts.reduce((sum, count) => sum + count, 0)
}

function fewerHosts(search: Search): void {
  const { hosts } = search.best.scenario
  const usual = hosts.length > 1 && hosts.some((count) => search.tries({ hosts: [count] }))
  if (!usual && hosts.length > 2)
    for (const drop of hosts) search.tries({ hosts: search.best.scenario.hosts.filter((count) => count !== drop) })
  if (Math.max(...search.best.scenario.hosts) > 1) search.tries({ hosts: [1] })
}

/** No faults, or one kind of them, or all but one. */
function fewerKinds(search: Search): void {
  const { faults } = search.best.scenario
  if (faults === 'none' || search.tries({ faults: 'none', without: [] })) return
  const happened = search.best.error.faults.map((fault) => faultOf(fault.split(': ')[1]!))
  const names = faults === 'all' ? [...new Set(happened.filter((name) => name !== undefined))] : faults
  const isBetweenHosts = Math.max(...search.best.scenario.hosts) > 1
  const possible = names.filter((name) => isBetweenHosts || !betweenHosts.includes(name))
  if (faults !== 'all' && possible.length <= 1) return
  if (possible.some((name) => search.triesSeeds({ faults: [name], without: [] })) || faults === 'all') return
  for (const drop of names)
    search.tries({
      faults: (search.best.scenario.faults as typeof faults).filter((name) => name !== drop),
      without: [],
    })
}

function fewerFaults(search: Search): void {
  const indexes = search.best.error.faults.map((fault) => Number.parseInt(fault, 10))
  for (let length = indexes.length; length >= 1; length >>= 1) {
    for (let at = indexes.length - length; at >= 0; at -= length) {
      const { without } = search.best.scenario
      search.tries({ without: [...new Set([...without, ...indexes.slice(at, at + length)])] })
    }
  }
}

/** Leaves out runs of records: first long ones, then short ones. */
function fewerRecords(pipeline: Pipeline, search: Search): void {
  search.best.scenario.inputs.forEach((_, input) => {
    const values = (): readonly unknown[] => valuesOf(search.best.scenario.inputs[input]!)
    for (let length = values().length; length >= 1; length >>= 1) {
      for (let at = values().length - length; at >= 0; at -= length) {
        const left = [...values().slice(0, at), ...values().slice(at + length)]
        const { inputs } = search.best.scenario
        search.triesSeeds({
          inputs: inputs.map((binding, i) => (i === input ? rebound(pipeline, binding, left) : binding)),
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
