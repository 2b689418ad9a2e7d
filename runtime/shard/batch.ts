import type { Envelope } from './message.ts'
import { Records } from './records.ts'
import type { Row } from './row.ts'

/** Negative routes: what is staged that no handler runs. */
export const failedRecordRoute: number = -1
export const sinkRoute = (sink: number): number => -2 - sink
export const sinkOfRoute = (route: number): number => -2 - route

/**
 * The messages of the batch being run, as columns: filled from the front by whoever has input, run in that order by the
 * executor. Columns are reused from batch to batch, so that a message costs no object of its own.
 *
 * A message is either an emission of a record (`origins[i]` >= 0: the record's slot; `indexes[i]`: which emission) and its
 * value is at hand, or an envelope (`origins[i]` < 0: the envelope's slot, inverted) and is decoded when it is run.
 */
export class Batch {
  serial = 0
  count = 0
  /** The next message to run. */
  cursor = 0
  nowMs = 0
  sizeBytes = 0
  readonly rows: (Row | undefined)[] = []
  /** Messages of which only the key is known yet, in order: which they are, their keys, and the hashes (as 32 bits with a sign). */
  keyedCount = 0
  readonly keyed: number[] = []
  readonly keys: string[] = []
  readonly hashes: number[] = []
  readonly routes: number[] = []
  readonly values: unknown[] = []
  readonly origins: number[] = []
  readonly indexes: number[] = []
  /** Length of the effects' bytes when message i began to run. */
  readonly marks: number[] = []
  readonly envelopes: Envelope[] = []
  readonly records: Records = new Records()

  /** An emission for an entity whose row is looked for later. */
  addKeyed(key: string, hash: number, route: number, value: unknown, record: number, index: number): void {
    const k = this.keyedCount++
    this.keyed[k] = this.count
    this.keys[k] = key
    this.hashes[k] = hash | 0
    this.addEmission(undefined, route, value, record, index)
  }

  /** An emission for the entity of a row, or for none. */
  addEmission(row: Row | undefined, route: number, value: unknown, record: number, index: number): void {
    const i = this.count++
    this.rows[i] = row
    this.routes[i] = route
    this.values[i] = value
    this.origins[i] = record
    this.indexes[i] = index
  }

  addEnvelope(row: Row | undefined, envelope: Envelope): void {
    const i = this.count++
    this.rows[i] = row
    this.routes[i] = envelope.route
    this.values[i] = undefined
    this.origins[i] = ~this.envelopes.length
    this.indexes[i] = 0
    this.envelopes.push(envelope)
  }

  envelopeAt(i: number): Envelope | undefined {
    const origin = this.origins[i]!
    return origin < 0 ? this.envelopes[~origin] : undefined
  }

  /** Forgets everything after the first `count` messages. Only envelopes sent inside the batch may be among them. */
  truncate(count: number): void {
    for (let i = this.count - 1; i >= count; i--) {
      if (this.origins[i]! < 0) this.envelopes.pop()
      this.values[i] = undefined
      this.rows[i] = undefined
    }
    this.count = count
    while (this.keyedCount > 0 && this.keyed[this.keyedCount - 1]! >= count) this.keyedCount -= 1
  }

  /** Back to what came from outside, with values made anew: everything that was sent inside the batch vanishes. */
  startOver(valueOf: (record: number, index: number) => unknown): void {
    const envelopes = this.envelopes.splice(0)
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      const origin = this.origins[i]!
      const envelope = origin < 0 ? envelopes[~origin]! : undefined
      if (envelope?.from.kind === 'local') continue
      this.rows[kept] = this.rows[i]
      this.routes[kept] = this.routes[i]!
      this.indexes[kept] = this.indexes[i]!
      if (envelope === undefined) {
        this.origins[kept] = origin
        this.values[kept] = this.routes[i] === failedRecordRoute ? this.values[i] : valueOf(origin, this.indexes[i]!)
      } else {
        this.origins[kept] = ~this.envelopes.length
        this.values[kept] = undefined
        this.envelopes.push(envelope)
      }
      kept += 1
    }
    for (let i = kept; i < this.count; i++) {
      this.rows[i] = undefined
      this.values[i] = undefined
    }
    this.count = kept
    this.cursor = 0
  }

  clear(): void {
    this.serial += 1
    for (let i = 0; i < this.count; i++) {
      this.rows[i] = undefined
      this.values[i] = undefined
    }
    this.count = 0
    this.keyedCount = 0
    this.cursor = 0
    this.sizeBytes = 0
    this.envelopes.length = 0
    this.records.clear()
  }
}
