import type { Binding } from './ends.ts'
import type { bound } from './phantom.ts'
import { graphOf } from './pipeline.ts'
import type { Pipeline } from './pipeline.ts'

/** A pipeline with its real ends: what `export default` of a program is. */
export interface Program {
  readonly pipeline: Pipeline
  readonly [bound]: 'program'
}

const bindingsKey: unique symbol = Symbol('millrace.bindings')

export function makeProgram(pipeline: Pipeline, bindings: readonly Binding[]): Program {
  const program = { pipeline }
  Object.defineProperty(program, bindingsKey, { value: bindings })
  return Object.freeze(program) as unknown as Program
}

/** What a program's file exports by default: a program, or a bare pipeline, which is one without ends. Undefined: it is something else. */
export function programOf(
  value: unknown,
): { readonly pipeline: Pipeline; readonly bindings: readonly Binding[] } | undefined {
  if (graphOf(value) !== undefined) return { pipeline: value as Pipeline, bindings: [] }
  const bindings = (value as { [bindingsKey]?: readonly Binding[] } | null | undefined)?.[bindingsKey]
  return bindings === undefined ? undefined : { pipeline: (value as Program).pipeline, bindings }
}
