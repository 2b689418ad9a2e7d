import { bindingOf, sourceOf } from '../end-definition.ts'
import type { Source } from '../ends.ts'
import type { Pipeline } from '../pipeline.ts'
import type { PlainOutcome } from './plain-world.ts'
import { runPlain } from './plain-world.ts'
import type { Scenario } from './scenario.ts'
import type { Breach } from './guard.ts'
import { testProgram } from './test-program.ts'
import { simulateOnce, type WorldRun } from './world-run.ts'

/** What came in, for properties that compare it with what came out. */
export interface Inputs {
  of<T>(source: Source<T>): T[]
}

/** One seed with one input, looked at in as many ways as properties want. What one has run, the next need not run again. */
export class Trial implements Inputs {
  readonly pipeline: Pipeline
  readonly scenario: Scenario
  breaches: readonly Breach[] = []
  readonly #plain = new Map<string, PlainOutcome>()
  #runs: readonly WorldRun[] | undefined = undefined

  constructor(pipeline: Pipeline, scenario: Scenario) {
    this.pipeline = pipeline
    this.scenario = scenario
  }

  /** The plain handlers, in a legal order. */
  plain(seed: number, restless: boolean = false): PlainOutcome {
    const name = `${seed} ${restless}`
    let found = this.#plain.get(name)
    if (found === undefined) {
      const program = testProgram(this.pipeline, this.scenario.inputs)
      found = runPlain(program, { seed, restless, settleMs: this.scenario.settleMs })
      this.breaches = [...this.breaches, ...program.guard.breaches]
      this.#plain.set(name, found)
    }
    return found
  }

  /** The simulated worlds, one for each number of hosts. Throws a SimulationError when one fails. */
  runs(): readonly WorldRun[] {
    this.#runs ??= this.scenario.hosts.map((hosts) => simulateOnce(this.pipeline, this.scenario, hosts))
    return this.#runs
  }

  /** The worlds that some property has asked for. */
  started(): readonly WorldRun[] {
    return this.#runs ?? []
  }

  of<T>(source: Source<T>): T[] {
    const definition = sourceOf(source)
    for (const binding of this.scenario.inputs) {
      const bound = bindingOf(binding)
      if (bound?.kind === 'source' && bound.source === definition && bound.real.kind === 'list')
        return [...(bound.real.values as readonly T[])]
    }
    return []
  }
}
