import type { Bugs } from '../../runtime/shard/bugs.ts'
import { bindingOf } from '../end-definition.ts'
import type { Binding } from '../ends.ts'
import type { Pipeline } from '../pipeline.ts'
import { boundEnds } from '../bind.ts'
import type { Faults } from './faults.ts'
import type { Invariants } from './invariants.ts'
import { functions, literal, variable } from './literal.ts'
import type { SimulateOptions } from './simulate-options.ts'

/** What `simulate` was asked, with everything said that was left open. */
export interface Scenario {
  readonly inputs: readonly Binding[]
  readonly hosts: readonly number[]
  readonly faults: Faults
  readonly seed: number
  readonly without: readonly number[]
  readonly settleMs: number
  /** Names of sinks. */
  readonly atLeastOnce: readonly string[]
  readonly mayDiffer: boolean
  readonly always: Invariants
  /** Mistakes planted in the runtime, to show that they are found. Nothing but a test of Millrace itself sets one. */
  readonly bugs?: Partial<Bugs>
}

/** Throws a TypeError for a number of hosts that is none, or a seed that is no whole number. */
export function scenarioOf(options: SimulateOptions): Scenario {
  const { hosts = [1], seed = 1 } = options
  if (hosts.length === 0 || hosts.some((count) => !Number.isSafeInteger(count) || count < 1 || count > 64))
    throw new TypeError(`hosts: [${hosts.join(', ')}] is no list of how many hosts there are, such as [1, 2, 3]`)
  if (!Number.isSafeInteger(seed)) throw new TypeError(`seed ${seed} is not a whole number`)
  return {
    inputs: options.inputs,
    hosts,
    seed,
    faults: options.faults ?? 'all',
    without: options.without ?? [],
    settleMs: options.settleMs ?? 60_000,
    atLeastOnce: (options.atLeastOnce ?? []).map(({ name }) => name),
    mayDiffer: options.mayDiffer === true,
    always: options.always ?? {},
  }
}

/**
 * The source text of a test that runs a scenario, with `simulate` or, where a property is given, with `check`. Names of variables
 * are guessed from names of ends; functions are written as they are, and what they name must be there.
 */
export function testText(pipeline: Pipeline, scenario: Scenario, property?: string): string {
  const { graph } = boundEnds(pipeline, [])
  const { inputs, hosts, faults, seed, without, settleMs, atLeastOnce, mayDiffer, always } = scenario
  const given = inputs.map((binding) => {
    const definition = bindingOf(binding)
    const values = definition?.real.kind === 'list' ? definition.real.values : []
    return `${variable(binding.end)}.from(${literal([...values])})`
  })
  const lines = [
    `inputs: [${given.join(', ')}],`,
    `hosts: [${hosts.join(', ')}],`,
    `faults: ${literal(faults)},`,
    `seed: ${seed},`,
    property === undefined ? '' : 'seeds: 1,',
    property === undefined ? '' : `properties: [${property}],`,
    without.length === 0 ? '' : `without: [${without.join(', ')}],`,
    settleMs === 60_000 ? '' : `settleMs: ${settleMs},`,
    atLeastOnce.length === 0 ? '' : `atLeastOnce: [${atLeastOnce.map(variable).join(', ')}],`,
    mayDiffer ? 'mayDiffer: true,' : '',
    Object.keys(always).length === 0 ? '' : `always: ${functions(always)},`,
  ].filter((line) => line !== '')
  return [
    `test('${graph.name}, seed ${seed}', async () => {`,
    `  await ${property === undefined ? 'simulate' : 'check'}(${variable(graph.name)}, {`,
    ...lines.map((line) => `    ${line}`),
    '  })',
    '})',
  ].join('\n')
}
