import { sinkOf } from '../../end-definition.ts'
import type { Sink } from '../../ends.ts'
import { canonical } from '../canonical.ts'
import { shown } from '../describe.ts'
import { functions, literal, variable } from '../literal.ts'
import { difference } from '../outcome.ts'
import type { Results, HeldOutput } from '../results.ts'
import { compareScales, findOrders } from '../same-at-any-scale.ts'
import { simulated } from '../simulated.ts'
import type { Inputs, Trial } from '../trial.ts'
import type { WorldRun } from '../world-run.ts'
import type { Property } from './property.ts'

/**
 * What Millrace promises, whatever goes wrong: every message is handled once and in order, nothing is heard of before it is
 * durable, all comes to rest, and what the options say is `always` true is so after every commit.
 */
export function promisesKept(): Property {
  return {
    name: 'promisesKept',
    find(trial) {
      trial.runs()
      return undefined
    },
  }
}

/** The same states, outputs and dead letters in every legal order, and at every number of hosts. Left out where results `mayDiffer`. */
export function sameAtAnyScale(): Property {
  return {
    name: 'sameAtAnyScale',
    find(trial) {
      const { pipeline, scenario } = trial
      if (scenario.mayDiffer) return undefined
      if (difference(trial.plain(0), trial.plain(scenario.seed)) !== undefined)
        return findOrders(pipeline, scenario)?.text
      compareScales(pipeline, scenario, trial.runs())
      return undefined
    },
  }
}

/**
 * Every output takes effect once. `id` names an output: no two outputs may have the same name. `reads` is what a reader makes of
 * all that is in the sink: it must be the same whether or not a sink of `atLeastOnce` repeats itself. Without either, no output
 * may be there twice.
 */
export function effectivelyOnce<T>(
  sink: Sink<T>,
  by: { readonly id?: (output: T) => string; readonly reads?: (outputs: readonly T[]) => unknown } = {},
): Property {
  const { name } = sinkOf(sink)!
  return {
    name: `effectivelyOnce(${name})`,
    sourceText: `effectivelyOnce(${[variable(name), ...((by.id ?? by.reads) ? [functions({ id: by.id, reads: by.reads })] : [])].join(', ')})`,
    find: (trial) =>
      inEachRun(trial, ({ result, program }) => {
        const held = result.outputs.get(name) ?? []
        const values = (outputs: readonly HeldOutput[]): T[] => outputs.map(({ bytes }) => program.output(bytes) as T)
        const { once, again } = withoutRepeats(held)
        const same = by.id && repeated(values(once).map(by.id))
        if (same !== undefined)
          return `sink ${name} holds two outputs called ${same}, which the pipeline has made twice`
        if (by.reads === undefined && by.id === undefined)
          return again[0] && `sink ${name} holds ${shown(program.output(again[0].bytes))} twice`
        if (by.reads === undefined) return undefined
        const [expected, found] = [by.reads(values(once)), by.reads(values(held))].map(canonical)
        if (expected === found) return undefined
        return `sink ${name} repeats ${again.length} outputs, and its reader makes ${found} of them instead of ${expected}: let outputs carry what an entity has come to, or a name by which a reader leaves out what it has seen`
      }),
  }
}

/** Per key, outputs come in ascending order. */
export function orderPerKey<T>(
  sink: Sink<T>,
  by: { readonly key: (output: T) => string; readonly order: (output: T) => number },
): Property {
  const { name } = sinkOf(sink)!
  return {
    name: `orderPerKey(${name})`,
    sourceText: `orderPerKey(${variable(name)}, ${functions({ key: by.key, order: by.order })})`,
    find: (trial) =>
      inEachRun(trial, ({ result, program }) => {
        const last = new Map<string, T>()
        for (const { bytes } of withoutRepeats(result.outputs.get(name) ?? []).once) {
          const output = program.output(bytes) as T
          const before = last.get(by.key(output))
          if (before !== undefined && by.order(before) >= by.order(output))
            return `sink ${name} holds ${shown(before)} before ${shown(output)}: what is to be in order must come from one entity, whose messages come from one sender`
          last.set(by.key(output), output)
        }
        return undefined
      }),
  }
}

/**
 * A quantity is neither made nor lost: what is held in the end (in states, sinks and dead letters) is what came in. Compared as
 * numbers that differ by less than a millionth part, because sums of fractions depend on their order.
 */
export function conserved(
  quantity: string,
  { enters, held }: { readonly enters: (inputs: Inputs) => number; readonly held: (run: Results) => number },
): Property {
  return {
    name: `conserved(${quantity})`,
    sourceText: `conserved(${literal(quantity)}, ${functions({ enters, held })})`,
    find: (trial) =>
      inEachRun(trial, (run) => {
        const expected = enters(trial)
        const found = held(simulated(run))
        if (Math.abs(found - expected) <= 1e-6 * Math.max(1, Math.abs(expected))) return undefined
        return `${quantity}: ${expected} came in, and ${found} is there in the end${lettersText(run)}`
      }),
  }
}

function inEachRun(trial: Trial, find: (run: WorldRun) => string | undefined): string | undefined {
  for (const run of trial.runs()) {
    const what = find(run)
    if (what !== undefined) return what
  }
  return undefined
}

/** Outputs of one lane are numbered: what has a number again is a repetition. */
function withoutRepeats(held: readonly HeldOutput[]): { readonly once: HeldOutput[]; readonly again: HeldOutput[] } {
  const seen = new Set<string>()
  const once: HeldOutput[] = []
  const again: HeldOutput[] = []
  for (const output of held) {
    const place = `${output.shard}/${output.number}`
    if (seen.has(place)) again.push(output)
    else once.push(output)
    seen.add(place)
  }
  return { once, again }
}

function repeated(names: readonly string[]): string | undefined {
  const at = names.findIndex((name, i) => names.indexOf(name) < i)
  return at < 0 ? undefined : JSON.stringify(names[at])
}

function lettersText({ reader }: WorldRun): string {
  const letters = reader.deadLetters
  return letters.length === 0 ? '' : `; ${letters.length} dead letters, the first of them: ${letters[0]!.error}`
}
