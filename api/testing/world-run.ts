import { runSeed, type SimResult } from '../../runtime/sim/run-seed.ts'
import type { SimProgram } from '../../runtime/sim/sim-program.ts'
import type { Pipeline } from '../pipeline.ts'
import { canonical } from './canonical.ts'
import { Describer } from './describe.ts'
import { faultOptions } from './faults.ts'
import { invariantsOf } from './invariants.ts'
import { letterText, type Outcome } from './outcome.ts'
import { type HeldOutput, WorldReader } from './results.ts'
import { type Scenario, testText } from './scenario.ts'
import { SimulationError } from './simulation-error.ts'
import { testProgram, type TestProgram } from './test-program.ts'

/** A run on one number of hosts that kept every promise of the runtime. */
export interface WorldRun {
  readonly hosts: number
  readonly program: TestProgram
  readonly reader: WorldReader
  readonly result: SimResult
  readonly faults: readonly string[]
  trace(): string
}

/** Runs a scenario on one number of hosts. Throws a SimulationError when the run fails. */
export function simulateOnce(pipeline: Pipeline, scenario: Scenario, hosts: number): WorldRun {
  const program = testProgram(pipeline, scenario.inputs)
  const result = runIn(program, scenario, hosts, false)
  const faults = result.faults.map(({ index, kind, text }) => `${index}: ${kind}: ${text}`)
  const trace = (): string => runIn(testProgram(pipeline, scenario.inputs), scenario, hosts, true).events.join('\n')
  const [breach] = program.guard.breaches
  if (breach !== undefined || result.verdict !== 'ok') {
    const blamed = result.problems.some(({ kind }) => kind === 'nondeterministic') ? 'deterministicHandlers' : undefined
    throw new SimulationError({
      verdict: breach === undefined && result.verdict !== 'ok' ? result.verdict : 'wrong',
      property: breach?.property ?? (result.verdict === 'stuck' ? 'eventuallyQuiet' : blamed),
      what: breach?.what ?? result.text,
      seed: scenario.seed,
      faults,
      trace: trace(),
      test: testText(pipeline, { ...scenario, hosts: [hosts] }),
    })
  }
  const held = (sink: string): readonly HeldOutput[] => result.outputs.get(sink) ?? []
  return { hosts, program, result, faults, trace, reader: new WorldReader(program, { stores: result.stores, held }) }
}

/** What a run has come to, for comparing it with others: what an at-least-once sink holds twice counts once. */
export function outcomeOf({ program, reader, result }: WorldRun): Outcome {
  const states = new Map<string, string>()
  for (const [entity, key, state] of reader.everyState())
    states.set(`${entity} ${JSON.stringify(key)}`, canonical(state))
  const outputs = new Map<string, string[]>()
  for (const { name } of program.plan.sinks) {
    const once = new Map((result.outputs.get(name) ?? []).map((output) => [`${output.shard}/${output.number}`, output]))
    outputs.set(name, [...once.values()].map(({ bytes }) => canonical(program.output(bytes))).sort())
  }
  return { states, outputs, letters: reader.deadLetters.map(letterText).sort() }
}

function runIn(program: TestProgram, scenario: Scenario, hosts: number, trace: boolean): SimResult {
  const { plan, codec, guard, records } = program
  const describer = new Describer(plan, codec)
  const simulated: SimProgram = {
    name: plan.name,
    plans: [plan],
    codec,
    inputs: plan.sources.map(({ name }, i) => ({ source: name, partitions: [records[i]!] })),
    invariants: invariantsOf(scenario.always),
    permits: plan.entities.some(({ onError }) => onError.then === 'stop') ? ['MR_HANDLER_FAILED'] : [],
    settleMs: scenario.settleMs,
    atLeastOnce: scenario.atLeastOnce,
    maxEvents: 50_000 + 500 * records.flat().length,
    describe: (handled) => describer.line(handled),
  }
  return guard.run(() =>
    runSeed(simulated, scenario.seed, {
      ...faultOptions(scenario.faults, scenario.hosts),
      hosts: [hosts],
      skip: new Set(scenario.without),
      // What is lost in a power cut with a weaker durability is not a property of the pipeline.
      // And offsets without gaps give messages the same names at every scale, and so the same ctx.random.
      shape: { durability: 'disk', guarantee: 'effectively-once', gaps: 0 },
      bugs: scenario.bugs ?? {},
      trace,
    }),
  )
}
