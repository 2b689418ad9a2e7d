import type { Batch } from './batch.ts'
import { failedRecordRoute } from './batch.ts'
import type { Codec } from './codec.ts'
import { RemoteFailure, StepFailure } from './dead-letter.ts'
import type { Handled, Origin } from './handled.ts'
import { reExpand } from './intake.ts'
import { type Envelope, idText } from './message.ts'
import { MessageId } from './message-id.ts'
import type { Plan } from './plan.ts'

/** Reads a message of the batch as what it is to others: its id, time, value, bytes and origin. */
export class BatchView {
  /** Whether somebody watches: then every message pays the wire's toll, and handled messages are noted. */
  tracing = false
  handled: Handled[] = []
  readonly #batch: Batch
  readonly #plan: Plan
  readonly #codec: Codec
  readonly #id = new MessageId()

  constructor(batch: Batch, plan: Plan, codec: Codec) {
    this.#batch = batch
    this.#plan = plan
    this.#codec = codec
  }

  setId(i: number, id: MessageId): void {
    const origin = this.#batch.origins[i]!
    if (origin < 0) {
      const { idHigh, idLow } = this.#batch.envelopes[i]!
      id.set(idHigh, idLow)
      return
    }
    const { records } = this.#batch
    id.ofRecord(records.runOf(origin).partition.seed, records.offset(origin), this.#batch.indexes[i]!)
  }

  idOf(i: number): string {
    this.setId(i, this.#id)
    return idText(this.#id.high, this.#id.low)
  }

  timeOf(i: number): number {
    const origin = this.#batch.origins[i]!
    return origin < 0 ? this.#batch.envelopes[i]!.timeMs : this.#batch.records.timeMs(origin)
  }

  /** The shard of what has no key: outputs of pipelines without state, and records that failed. */
  homeOf(i: number): number {
    const envelope = this.#batch.envelopeAt(i)
    if (envelope !== undefined) return envelope.shard
    const value = this.#batch.values[i]
    if (this.#batch.routes[i] === failedRecordRoute && value instanceof StepFailure) return value.shard
    return this.#batch.records.runOf(this.#batch.origins[i]!).partition.home
  }

  /** The value that a handler, or a sink, is given. */
  message(i: number, envelope: Envelope | undefined): unknown {
    if (envelope !== undefined) {
      const value = this.#codec.decode(envelope.bytes, envelope.start, envelope.end)
      return envelope.route === failedRecordRoute ? RemoteFailure.from(value) : value
    }
    const { values, routes } = this.#batch
    if (!this.tracing || routes[i] === failedRecordRoute) return values[i]
    const bytes = this.#codec.encode(values[i]).slice()
    // Kept: whoever is called again with it gets what is left of it, watched or not.
    return (values[i] = this.#codec.decode(bytes, 0, bytes.length))
  }

  /** The value of an emission, from the bytes of its record: a handler may have changed the object it was given. */
  valueAgain(i: number): unknown {
    const { records } = this.#batch
    const slot = this.#batch.origins[i]!
    return reExpand(this.#plan, records.runOf(slot).partition.source, records.bytes(slot), this.#batch.indexes[i]!)
  }

  /** Message i as bytes of the codec, whatever it came as. */
  asBytes(i: number): Uint8Array {
    const envelope = this.#batch.envelopeAt(i)
    if (envelope !== undefined) return envelope.bytes.slice(envelope.start, envelope.end)
    if (this.#batch.routes[i] === failedRecordRoute) return this.#batch.records.bytes(this.#batch.origins[i]!).slice()
    return this.#codec.encode(this.valueAgain(i)).slice()
  }

  note(i: number, outcome: Handled['outcome']): void {
    const row = this.#batch.rows[i]
    const envelope = this.#batch.envelopeAt(i)
    let message: Uint8Array
    try {
      message = this.asBytes(i)
    } catch {
      message = new Uint8Array(0) // what a step cannot do twice, or what is no data: the failure itself is in the dead letter
    }
    this.handled.push({
      id: this.idOf(i),
      origin: this.#originOf(i, envelope),
      shard: row?.shard ?? this.homeOf(i),
      route: this.#batch.routes[i]!,
      key: row?.key ?? '',
      message,
      timeMs: this.timeOf(i),
      outcome,
    })
  }

  #originOf(i: number, envelope: Envelope | undefined): Origin {
    if (envelope === undefined) {
      const slot = this.#batch.origins[i]!
      const { records } = this.#batch
      const { source, name: partition } = records.runOf(slot).partition
      return {
        kind: 'record',
        source,
        partition,
        offset: records.offset(slot),
        index: this.#batch.indexes[i]!,
      }
    }
    const { from } = envelope
    switch (from.kind) {
      case 'record':
        return {
          kind: 'record',
          source: from.source,
          partition: from.partition,
          offset: from.offset,
          index: from.index,
        }
      case 'timer':
        return { kind: 'timer', timer: from.timer.name, atMs: from.timer.atMs }
      case 'request':
        return { kind: 'request', request: from.request.id ?? '' }
      case 'deadLetter':
        return { kind: 'request', request: '' }
      default:
        return { kind: 'message', fromShard: from.shard }
    }
  }
}
