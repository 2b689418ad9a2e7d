import type { Codec } from '../../runtime/shard/codec.ts'
import { createCodec } from '../../runtime/codec/codec.ts'
import { completeBindings } from '../complete-bindings.ts'
import type { Binding } from '../ends.ts'
import type { OffloadDefinition } from '../offload.ts'
import { notSendable } from '../offload/errors.ts'
import { type Answer, type Inline, nameOf, type OffloadedSource } from '../offload/offloaded-source.ts'
import type { Pipeline } from '../pipeline.ts'
import { SimulationError } from './simulation-error.ts'

/** What steps that are async have come to, by the bytes of their value. A simulated world cannot wait for them. */
const settled = new WeakMap<OffloadDefinition, Map<string, Answer>>()

/** What a step that was met in a simulated world, and is async, makes nobody waited for. */
export class NotSettledError extends Error {
  constructor(step: OffloadDefinition) {
    super(
      `${nameOf(step)} is async, and a harness cannot wait for it: try the pipeline with simulate or check, which wait beforehand`,
    )
  }
}

/** Runs offloaded steps where they are met, in this thread. What they are given and make is encoded, as on its way between threads. */
export function inlineOffloads(codec: Codec, unsettled: (error: NotSettledError) => void): Inline {
  const copy = (value: unknown, where: () => string): { readonly bytes: Uint8Array; readonly value: unknown } => {
    try {
      const bytes = codec.encode(value).slice()
      return { bytes, value: codec.decode(bytes, 0, bytes.length) }
    } catch (cause) {
      throw notSendable(where(), cause)
    }
  }
  return (step, given) => {
    const input = copy(given, () => `what goes into ${nameOf(step)}`)
    const known = settled.get(step)?.get(textOf(input.bytes))
    if (known !== undefined) {
      if ('error' in known) throw known.error
      return codec.decode(known.bytes, 0, known.bytes.length)
    }
    const made = step.run(input.value)
    if (made instanceof Promise) {
      made.catch(() => {}) // nobody waits for it
      const error = new NotSettledError(step)
      unsettled(error)
      throw error
    }
    return copy(made, () => `what ${nameOf(step)} returned`).value
  }
}

/**
 * Runs the async steps of a pipeline on everything that its inputs hold, each twice, so that simulated worlds need not wait. Rejects
 * with a SimulationError when a step comes to something else the second time.
 */
export async function settleOffloads(pipeline: Pipeline, inputs: readonly Binding[]): Promise<void> {
  const { offloads, sources } = completeBindings(pipeline, inputs, { sinks: 'optional' })
  for (const [i, offloaded] of offloads.entries()) {
    const end = sources[i]!
    if (offloaded === undefined || end.kind !== 'list') continue
    for (const record of end.records) await settleRecord(offloaded, record)
  }
}

async function settleRecord(offloaded: OffloadedSource, record: Uint8Array): Promise<void> {
  const codec = createCodec()
  await new Promise<void>((resolve, reject) => {
    offloaded.prepare(
      record,
      (step, bytes, done) => void answer(codec, step, bytes).then(done).catch(reject),
      () => resolve(),
    )
  })
}

async function answer(codec: Codec, step: OffloadDefinition, bytes: Uint8Array): Promise<Answer> {
  const answers = settled.get(step) ?? new Map<string, Answer>()
  const content = textOf(bytes)
  const known = answers.get(content)
  if (known !== undefined) return known
  const first = await runOnce(codec, step, bytes)
  if (!first.isAsync) return first.answer
  const again = await runOnce(codec, step, bytes)
  if (outcomeText(first.answer) !== outcomeText(again.answer)) {
    throw new SimulationError({
      verdict: 'wrong',
      property: 'pureSteps',
      what: `${nameOf(step)} makes something else of the same value when it is run again: a step may depend on nothing but its value, because it is run again after a crash`,
    })
  }
  settled.set(step, answers.set(content, first.answer))
  return first.answer
}

async function runOnce(
  codec: Codec,
  step: OffloadDefinition,
  bytes: Uint8Array,
): Promise<{ readonly answer: Answer; readonly isAsync: boolean }> {
  let isAsync = false
  try {
    const made = step.run(codec.decode(bytes, 0, bytes.length))
    isAsync = made instanceof Promise
    const value: unknown = await made
    try {
      return { answer: { bytes: codec.encode(value).slice() }, isAsync }
    } catch (cause) {
      throw notSendable(`what ${nameOf(step)} returned`, cause)
    }
  } catch (error) {
    return { answer: { error }, isAsync }
  }
}

function outcomeText(outcome: Answer): string {
  return 'bytes' in outcome ? `made ${textOf(outcome.bytes)}` : `failed of ${String(outcome.error)}`
}

/** One character per byte. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
