import { ByteWriter } from '../base/bytes.ts'
import { MillraceError } from '../base/errors.ts'
import type { Chain } from '../base/hash.ts'
import type { Codec } from './codec.ts'
import { EntryKind } from './record.ts'
import type { RowCache } from './row-cache.ts'
import { rowHead } from './row-head.ts'
import { Field } from './row-key.ts'
import { isBlank } from './row-value.ts'
import { type Row, Status } from './row.ts'
import { fetched } from './shelf-fetch.ts'
import { encodeState } from './undo.ts'
import type { WriteBack } from './write-back.ts'

/** A state that cannot be kept was found while sealing: nothing was sealed. */
export class Unsealable extends Error {
  readonly row: Row
  override readonly cause: MillraceError
  constructor(row: Row, cause: MillraceError) {
    super(cause.message)
    this.row = row
    this.cause = cause
  }
}

/**
 * Seals the rows that a batch has touched, in two passes, so that what is scattered over memory is visited once in each: the
 * objects while they are encoded, and their places on the shelf while what has changed is written.
 */
export class RowSealer {
  readonly #cache: RowCache
  readonly #codec: Codec
  readonly #writeBack: WriteBack
  /** The values of the first pass, one after the other. */
  readonly #values = new ByteWriter(1 << 16)
  /** Columns of the first pass. */
  readonly #cells: number[] = []
  readonly #shards: number[] = []
  readonly #ends: number[] = []
  readonly #blanks: boolean[] = []
  #count = 0
  readonly #removed: Row[] = []

  constructor(cache: RowCache, codec: Codec, writeBack: WriteBack) {
    this.#cache = cache
    this.#codec = codec
    this.#writeBack = writeBack
  }

  /** The first pass: encodes what was touched, and changes nothing. Throws Unsealable. */
  encode(): void {
    this.#count = 0
    this.#removed.length = 0
    this.#values.clear()
    for (const row of this.#cache.touched) {
      if (row.status !== Status.live) continue
      if (row.gone || row.state === undefined) this.#removed.push(row)
      else this.#encode(row)
    }
  }

  /** The second pass: writes what has changed to the record `number`, onto the shelf, and to the list of what is to be written back. */
  write(out: ByteWriter, number: number, chainOf: (shard: number) => Chain): void {
    const { shelf } = this.#cache
    const values = this.#values.bytes
    let start = 0
    for (let i = 0; i < this.#count; i++) {
      if (i % fetched === 0) shelf.fetchCells(this.#cells, i, Math.min(i + fetched, this.#count))
      const cell = this.#cells[i]!
      const end = this.#ends[i]!
      if (!shelf.holds(cell, values, start, end) && (!this.#blanks[i]! || shelf.exists(cell))) {
        const begin = out.length
        out.u8(EntryKind.put)
        shelf.writeKey(cell, out)
        out.block(values, start, end)
        chainOf(this.#shards[i]!).add(out.bytes, begin, out.length)
        shelf.put(cell, values, start, end)
        this.#writeBack.dirty(cell, number)
      }
      start = end
    }
    for (const { cell, shard } of this.#removed) {
      if (!shelf.exists(cell)) continue
      const begin = out.length
      out.u8(EntryKind.remove)
      shelf.writeKey(cell, out)
      chainOf(shard).add(out.bytes, begin, out.length)
      shelf.clear(cell)
      this.#writeBack.dirty(cell, number)
    }
  }

  #encode(row: Row): void {
    const out = this.#values
    const bytes = this.#stateOf(row)
    const { table } = row
    const { plan } = table
    const isState = row.field === Field.state
    const seen = isState && plan.ttlMs !== undefined
    const start = out.length
    out.varint(rowHead(isState ? plan.version : 1, seen))
    if (seen) out.f64(row.seenMs)
    const stateStart = out.length
    out.raw(bytes)
    if (isState) table.usualBytes = out.length - start
    const i = this.#count++
    this.#cells[i] = row.cell
    this.#shards[i] = row.shard
    this.#ends[i] = out.length
    this.#blanks[i] = isBlank(row, out.bytes, stateStart, out.length, this.#codec)
  }

  #stateOf(row: Row): Uint8Array {
    try {
      return encodeState(row, this.#codec)
    } catch (cause) {
      if (cause instanceof MillraceError) throw new Unsealable(row, cause)
      throw cause
    }
  }
}
