import type { Envelope } from './message.ts'
import { Records } from './records.ts'
import type { Row } from './row.ts'

/** Negative routes: what is staged that no handler runs. */
export const failedRecordRoute: number = -1
export const sinkRoute = (sink: number): number => -2 - sink
export const sinkOfRoute = (route: number): number => -2 - route

/** The origin of an envelope. */
const noRecord = -1

/**
 * The messages of the batch being run, as columns: filled from the front by whoever has input, run in that order by the
 * executor. Columns are reused from batch to batch, so that a message costs no object of its own.
 *
 * A message is either an emission of a record (`origins[i]` >= 0: the record's slot; `indexes[i]`: which emission) and its
 * value is at hand, or an envelope (`origins[i]` < 0) and is decoded when it is run.
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
  readonly envelopes: (Envelope | undefined)[] = []
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
    this.origins[i] = noRecord
    this.indexes[i] = 0
    this.envelopes[i] = envelope
  }

  envelopeAt(i: number): Envelope | undefined {
    return this.origins[i]! < 0 ? this.envelopes[i] : undefined
  }

  /** Forgets everything after the first `count` messages. */
  truncate(count: number): void {
    for (let i = this.count - 1; i >= count; i--) {
      if (this.origins[i]! < 0) this.envelopes[i] = undefined
      this.values[i] = undefined
      this.rows[i] = undefined
    }
    this.count = count
    while (this.keyedCount > 0 && this.keyed[this.keyedCount - 1]! >= count) this.keyedCount -= 1
  }

  /** Back to what came from outside, with values made anew: everything that was sent inside the batch vanishes. */
  startOver(valueOf: (record: number, index: number) => unknown): void {
    let kept = 0
    for (let i = 0; i < this.count; i++) {
      const origin = this.origins[i]!
      const envelope = this.envelopeAt(i)
      if (envelope?.from.kind === 'local') continue
      this.rows[kept] = this.rows[i]
      this.routes[kept] = this.routes[i]!
      this.indexes[kept] = this.indexes[i]!
      this.origins[kept] = origin
      this.envelopes[kept] = envelope
      if (envelope !== undefined) this.values[kept] = undefined
      else this.values[kept] = this.routes[i] === failedRecordRoute ? this.values[i] : valueOf(origin, this.indexes[i]!)
      kept += 1
    }
    this.truncate(kept)
    this.cursor = 0
  }

  clear(): void {
    this.serial += 1
    this.truncate(0)
    this.cursor = 0
    this.sizeBytes = 0
    this.records.clear()
  }
}
