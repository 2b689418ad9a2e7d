import { latin1 } from './latin1.ts'
import { RecoveredRows } from './recovered-rows.ts'
import { Row, Status } from './row.ts'

/** A row that no entity owns: a timer, a dead letter, the header of a shard. */
export interface LooseRow {
  readonly key: Uint8Array
  /** The sealed value; undefined: removed. */
  readonly value: Uint8Array | undefined
  firstDirty: number
  /** Its key as a text, where its value may change before it is written back. */
  readonly name?: string
}

/**
 * Which rows have their newest value only in commit records, oldest first. Every commit writes some of them back, so that
 * the records before can be dropped: at most `windowBytes` of records are needed at open, and no commit pays for all rows.
 *
 * B1 A row that was changed by record r is written back, with its value as of the commit that does so, before r is dropped.
 * B2 So at open, rows in the store and then all remaining records in order (the last value wins) give the sealed state.
 * (Explored in test/models/write-back.ts.)
 */
export class WriteBack {
  readonly #windowBytes: number
  #queue: (Row | LooseRow)[] = []
  #head = 0
  /** Records that are not dropped yet. */
  #records: { readonly number: number; readonly sizeBytes: number }[] = []
  #bytes = 0
  /** What the records had that were read at open, and nobody has asked for. Older than all in the queue that is not from there. */
  #recovered = new RecoveredRows()
  readonly loose: Map<string, LooseRow & { value: Uint8Array | undefined }> = new Map()

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes
  }

  /** Counts a sealed (or recovered) record. */
  addRecord(number: number, sizeBytes: number): void {
    this.#records.push({ number, sizeBytes })
    this.#bytes += sizeBytes
  }

  /** A row has a new sealed value, in record `number`. */
  dirty(row: Row | LooseRow, number: number): void {
    if (row.firstDirty !== 0) return
    row.firstDirty = number
    this.#queue.push(row)
  }

  /** The states among these rows are written back in their turn, with those that were put here. */
  restore(recovered: RecoveredRows): void {
    this.#recovered = recovered
  }

  /** A new value of a row that no entity owns. */
  put(key: Uint8Array, value: Uint8Array | undefined, number: number): void {
    const name = latin1(key)
    let row = this.loose.get(name)
    if (row === undefined) this.loose.set(name, (row = { key, value, firstDirty: 0, name }))
    else row.value = value
    this.dirty(row, number)
  }

  /** A row that is new, and whose value stays as it is until it is removed. */
  add(key: Uint8Array, value: Uint8Array, number: number): void {
    this.dirty({ key, value, firstDirty: 0 }, number)
  }

  /** Takes the rows that commit `number` is to write back. Their values must be sealed. `all`: every one. */
  take(
    number: number,
    all: boolean,
  ): { readonly rows: (readonly [Uint8Array, Uint8Array | undefined])[]; readonly entities: Row[] } {
    const rows: (readonly [Uint8Array, Uint8Array | undefined])[] = []
    const entities: Row[] = []
    let excess = all ? Number.POSITIVE_INFINITY : this.#bytes - this.#windowBytes
    for (let at = 0; at < this.#records.length && excess > 0; at++) {
      const record = this.#records[at]!
      excess -= record.sizeBytes
      this.#recovered.takeUpTo(record.number, number, rows, entities)
      this.#takeUpTo(record.number, number, rows, entities)
    }
    return { rows, entities }
  }

  /** The lowest record that is still needed for rows, once the rows taken so far are durable. */
  get lowestNeeded(): number {
    const queued = this.#head < this.#queue.length ? this.#queue[this.#head]!.firstDirty : Number.POSITIVE_INFINITY
    return Math.min(queued, this.#recovered.lowestNeeded)
  }

  /** Commit `number` is durable. */
  durable(number: number): void {
    this.#recovered.durable(number)
  }

  /** Records below `number` were dropped. */
  dropped(number: number): void {
    let at = 0
    while (at < this.#records.length && this.#records[at]!.number < number)
      this.#bytes -= this.#records[at++]!.sizeBytes
    if (at > 0) this.#records.splice(0, at)
  }

  #takeUpTo(
    record: number,
    commit: number,
    rows: (readonly [Uint8Array, Uint8Array | undefined])[],
    entities: Row[],
  ): void {
    for (; this.#head < this.#queue.length && this.#queue[this.#head]!.firstDirty <= record; this.#head++) {
      const row = this.#queue[this.#head]!
      row.firstDirty = 0
      if (row instanceof Row) {
        rows.push([row.rowKey(), row.sealedValue()])
        row.writingBack = commit
        entities.push(row)
      } else {
        rows.push([row.key, row.value])
        if (row.name !== undefined) this.loose.delete(row.name)
      }
    }
    if (this.#head > 4_096 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
  }
}

/** The rows that commit `number` wrote back are durable: what only undo needed of them may go (W2). */
export function releaseWrittenBack(entities: readonly Row[], number: number): void {
  for (const row of entities) {
    if (row.writingBack !== number) continue
    row.writingBack = 0
    if (row.firstDirty === 0 && row.status === Status.live && row.exists) row.base = undefined
  }
}
