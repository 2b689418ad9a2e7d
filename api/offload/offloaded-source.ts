import type { Codec } from '../../runtime/shard/codec.ts'
import type { Flow, FlowOut, SourcePlan } from '../../runtime/shard/plan.ts'
import type { OffloadDefinition } from '../offload.ts'
import { notSendable, stepsDiffer } from './errors.ts'
import type { OffloadOut } from './flow.ts'

/** What an offloaded step made of one value: bytes of the codec, or what it failed of. */
export type Answer = { readonly bytes: Uint8Array } | { readonly error: unknown }

/** Asks for what a step makes of a value, which is given as bytes of the codec. Never answers before it returns. */
export type Ask = (step: OffloadDefinition, bytes: Uint8Array, done: (answer: Answer) => void) => void

/** What the steps of a record make, as far as it is known before they are run: one entry for each offloaded call, in order. */
export interface Segment {
  readonly calls: Call[]
  /** What the steps up to the next calls failed of. */
  failure: { readonly error: unknown } | undefined
}

interface Call {
  readonly step: OffloadDefinition
  answer: Answer | undefined
  /** What followed from it. */
  then: Segment | undefined
}

/** Makes what a step makes of a value, at once: where there is only one thread. */
export type Inline = (step: OffloadDefinition, value: unknown) => unknown

/**
 * A source whose steps call offloaded ones. The worker runs steps to their end at once and as often as it likes, so that what
 * takes time happens before it sees the record:
 *
 * O1 `prepare` runs the steps of a record up to the offloaded ones, asks for these, and goes on with each answer. What it finds is a
 *    tree of calls and answers; all that the steps emit on the way is thrown away.
 * O2 `keep` ties that tree to the place of the record's bytes in memory, and it goes when these go. Then the worker runs the steps
 *    again from the beginning, and each offloaded call finds its answer.
 * O3 Answers are bytes, and every run decodes its own (RULE 7).
 * O4 A record fails when any of its calls does, with what that call failed of, in the worker's own run. So a record that fails
 *    becomes a dead letter there like any other.
 */
export class OffloadedSource {
  readonly steps: readonly OffloadDefinition[]
  /** What the worker is given in place of the source's own plan. */
  readonly plan: SourcePlan
  /** How calls are made that were not prepared. Undefined: they cannot be. */
  inline: Inline | undefined = undefined
  readonly #own: SourcePlan
  readonly #codec: Codec
  readonly #kept = new WeakMap<ArrayBufferLike, Map<number, Segment>>()
  /** Of records whose place in memory is not known beforehand, by their bytes. */
  readonly #byContent = new Map<string, Segment>()

  constructor(own: SourcePlan, steps: readonly OffloadDefinition[], codec: Codec) {
    this.steps = steps
    this.#own = own
    this.#codec = codec
    this.plan = {
      name: own.name,
      fingerprint: own.fingerprint,
      // Only this thread has the answers.
      forwards: false,
      key: undefined,
      decode: (bytes) => new Prepared(own.decode(bytes), this.#find(bytes)),
      time: own.time && ((record) => own.time!((record as Prepared).value)),
      flow: (record, out) => this.#run(record as Prepared, out),
    }
  }

  /** O1. `done` is called when nothing is left to ask for: at once, where nothing was asked. Nothing is asked that is not `wanted`. */
  prepare(bytes: Uint8Array, ask: Ask, done: (segment: Segment) => void): void {
    const root = emptySegment()
    let open = 1
    const close = (): void => {
      open -= 1
      if (open === 0) done(root)
    }
    const go = (flow: Flow, value: () => unknown, segment: Segment): void => {
      const collector = new Collector(this.#codec)
      try {
        flow(value(), collector)
      } catch (error) {
        segment.failure = { error }
        return
      }
      for (const { step, bytes: sent, after } of collector.asked) {
        const call: Call = { step, answer: undefined, then: undefined }
        segment.calls.push(call)
        open += 1
        ask(step, sent, (answer) => {
          call.answer = answer
          if ('bytes' in answer) go(after, () => this.#decoded(answer.bytes), (call.then = emptySegment()))
          close()
        })
      }
    }
    // A record that does not decode, or has no time, fails before its steps are asked.
    go(this.#own.flow, () => this.#own.decode(bytes), root)
    close()
  }

  /** O2. The bytes must begin where no other record does. */
  keep(bytes: Uint8Array, segment: Segment): void {
    const { buffer, byteOffset } = bytes
    let places = this.#kept.get(buffer)
    if (places === undefined) this.#kept.set(buffer, (places = new Map()))
    places.set(byteOffset, segment)
  }

  /** As `keep`, for whatever has the same bytes, until what is returned is called. */
  keepByContent(bytes: Uint8Array, segment: Segment): () => void {
    const name = contentOf(bytes)
    this.#byContent.set(name, segment)
    return () => {
      if (this.#byContent.get(name) === segment) this.#byContent.delete(name)
    }
  }

  #find(bytes: Uint8Array): Segment | undefined {
    const kept = this.#kept.get(bytes.buffer)?.get(bytes.byteOffset)
    if (kept !== undefined || this.#byContent.size === 0) return kept
    return this.#byContent.get(contentOf(bytes))
  }

  #run({ value, segment }: Prepared, out: FlowOut): void {
    const { flow, name } = this.#own
    if (segment !== undefined) flow(value, new Answering(out, segment, this.#codec, name))
    else if (this.inline !== undefined) flow(value, new InPlace(out, this.inline))
    else throw new Error(`a record of source ${JSON.stringify(name)} was handled before its offloaded steps were`)
  }

  #decoded(bytes: Uint8Array): unknown {
    return this.#codec.decode(bytes, 0, bytes.length)
  }
}

/** What the worker takes for the decoded record. */
class Prepared {
  readonly value: unknown
  readonly segment: Segment | undefined

  constructor(value: unknown, segment: Segment | undefined) {
    this.value = value
    this.segment = segment
  }
}

/** Notes what is asked, and goes no further. */
class Collector implements OffloadOut {
  readonly asked: { readonly step: OffloadDefinition; readonly bytes: Uint8Array; readonly after: Flow }[] = []
  readonly #codec: Codec

  constructor(codec: Codec) {
    this.#codec = codec
  }

  offload(step: OffloadDefinition, value: unknown, after: Flow): void {
    let bytes: Uint8Array
    try {
      bytes = this.#codec.encode(value).slice()
    } catch (cause) {
      throw notSendable(`what goes into ${nameOf(step)}`, cause)
    }
    this.asked.push({ step, bytes, after })
  }

  toEntity(): void {}
  toSink(): void {}
}

/** Answers every call from what was prepared, in the same order. */
class Answering implements OffloadOut {
  readonly #out: FlowOut
  readonly #codec: Codec
  readonly #source: string
  #segment: Segment
  #next = 0

  constructor(out: FlowOut, root: Segment, codec: Codec, source: string) {
    this.#out = out
    this.#codec = codec
    this.#source = source
    this.#segment = entered(root)
  }

  offload(step: OffloadDefinition, _value: unknown, after: Flow): void {
    const segment = this.#segment
    const call = segment.calls[this.#next++]
    if (call?.step !== step || call.answer === undefined) throw stepsDiffer(this.#source)
    if ('error' in call.answer) throw call.answer.error
    const { bytes } = call.answer
    const next = this.#next
    this.#segment = entered(call.then!)
    this.#next = 0
    after(this.#codec.decode(bytes, 0, bytes.length), this)
    this.#segment = segment
    this.#next = next
  }

  toEntity(route: number, key: string, value: unknown): void {
    this.#out.toEntity(route, key, value)
  }

  toSink(sink: number, value: unknown): void {
    this.#out.toSink(sink, value)
  }
}

/** Makes every call where it stands. */
class InPlace implements OffloadOut {
  readonly #out: FlowOut
  readonly #inline: Inline

  constructor(out: FlowOut, inline: Inline) {
    this.#out = out
    this.#inline = inline
  }

  offload(step: OffloadDefinition, value: unknown, after: Flow): void {
    after(this.#inline(step, value), this)
  }

  toEntity(route: number, key: string, value: unknown): void {
    this.#out.toEntity(route, key, value)
  }

  toSink(sink: number, value: unknown): void {
    this.#out.toSink(sink, value)
  }
}

function emptySegment(): Segment {
  return { calls: [], failure: undefined }
}

/** O4 */
function entered(segment: Segment): Segment {
  if (segment.failure !== undefined) throw segment.failure.error
  return segment
}

/** One character per byte. */
function contentOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** An offloaded step, for people. */
export function nameOf({ place, run }: OffloadDefinition): string {
  return place?.name ?? (run.name === '' ? 'an offloaded step' : run.name)
}
