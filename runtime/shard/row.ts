import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { MillraceError, messageOf } from '../base/errors.ts'
import { rowOverheadBytes } from '../base/limits.ts'
import type { Codec } from './codec.ts'
import type { EntityPlan } from './plan.ts'
import { versionOfHead, wasSeen } from './row-head.ts'
import { Field, writeEntityKey } from './row-key.ts'

/**
 * A row of an entity in memory: its state, one of its activities, or a remembered answer.
 *
 * Invariants
 * W1 `base` is the value as of the last sealed batch, encoded; undefined with `exists` false means there is none.
 * W2 `base` may be dropped only when the store holds that value durably (`stored`); undo then reads it back.
 * W3 a row whose latest sealed value is only in commit records (`firstDirty` > 0) is never evicted.
 * W4 `state` may be ahead of `base` while a batch runs; after a seal both are the same value.
 */
export class Row {
  // What every message looks at comes first: it shares one or two lines of the processor's cache.
  readonly table: EntityTable
  readonly shard: number
  readonly key: string
  status: RowStatus = Status.absent
  state: object | undefined = undefined
  /** Serial of the last batch that touched it. */
  batch = 0
  /** Serial of the batch in which a handler of it threw: from then on it is encoded before each message of that batch. */
  guarded = 0
  /** Forgotten: the next message finds a new state; sealed like this, the row is removed. */
  gone = false
  recent = true
  /** When a message last reached it, in ms. Kept only where idle entities are forgotten (`ttlMs`). */
  seenMs = 0
  // What a commit looks at.
  exists = false
  base: Uint8Array | undefined = undefined
  baseStart = 0
  baseEnd = 0
  /** The number of the first commit since the last write-back that changed this row; 0: the store has the sealed value. */
  firstDirty = 0
  /** The number of a commit that writes this row back and is not durable yet; 0: none. */
  writingBack = 0
  readonly field: number
  readonly element: string
  /** Serial of the batch in which it was forgotten: activities that only the store has are gone too, and listed later. */
  forgottenIn = 0
  snapshot: Snapshot | undefined = undefined
  /** Whether the cache counts it. */
  admitted = false
  activities: Map<string, Row> | undefined = undefined
  answers: Map<string, Row> | undefined = undefined

  constructor(table: EntityTable, shard: number, key: string, field: number, element: string) {
    this.table = table
    this.shard = shard
    this.key = key
    this.field = field
    this.element = element
  }

  get sizeBytes(): number {
    return rowOverheadBytes + 2 * this.key.length + this.baseEnd - this.baseStart
  }

  setBase(bytes: Uint8Array, start: number, end: number): void {
    this.base = bytes
    this.baseStart = start
    this.baseEnd = end
    this.exists = true
  }

  setNoBase(): void {
    this.base = undefined
    this.baseStart = 0
    this.baseEnd = 0
    this.exists = false
  }

  writeKey(out: ByteWriter): void {
    writeEntityKey(out, this.shard, this.table.id, this.key, this.field, this.element)
  }

  rowKey(): Uint8Array {
    keyScratch.clear()
    this.writeKey(keyScratch)
    return keyScratch.copy()
  }

  /** Bytes to write back: the value as of the last seal. */
  sealedValue(): Uint8Array | undefined {
    return this.exists ? this.base!.subarray(this.baseStart, this.baseEnd) : undefined
  }

  describe(): string {
    const name = `${this.table.plan.name} "${this.key}"`
    return this.field === Field.activity ? `the activity of ${name} with "${this.element}"` : name
  }
}

const keyScratch = new ByteWriter(256)

/** An entity as it was after its last good message of the batch. */
export interface Snapshot {
  readonly state: Uint8Array | undefined
  readonly activities: readonly (readonly [row: Row, state: Uint8Array | undefined])[]
  readonly forgottenIn: number
}

/** absent: must be read from the store. encoded: `base` holds it. live: `state` holds it. */
export const Status = { absent: 0, encoded: 1, live: 2 } as const
export type RowStatus = (typeof Status)[keyof typeof Status]

/** All rows of one entity type that are in memory, by key. */
export class EntityTable {
  readonly index: number
  readonly plan: EntityPlan
  /** The number that stands for its name on disk. */
  readonly id: number
  readonly rows: Map<string, Row> = new Map()
  /** A new state, encoded. */
  blank: Uint8Array | undefined = undefined

  constructor(index: number, plan: EntityPlan, id: number) {
    this.index = index
    this.plan = plan
    this.id = id
  }
}

/** A new state, or the sealed one. The caller has made sure that the row is not absent. */
export function enliven(row: Row, codec: Codec): void {
  row.state = row.exists ? decodeRow(row, codec) : blank(row)
  row.status = Status.live
}

function blank(row: Row): object {
  if (row.field === Field.activity) return row.table.plan.createActivity!()
  if (row.field === Field.answer) return {}
  return row.table.plan.create()
}

function decodeRow(row: Row, codec: Codec): object {
  const reader = new ByteReader(row.base!, row.baseStart, row.baseEnd)
  const { plan } = row.table
  let version: number
  let value: unknown
  try {
    const head = reader.varint()
    version = versionOfHead(head)
    if (wasSeen(head)) row.seenMs = reader.f64()
    value = codec.decode(row.base!, reader.at, row.baseEnd)
  } catch (cause) {
    throw new MillraceError(
      'MR_STATE_UNREADABLE',
      `the state of ${row.describe()} does not decode: ${messageOf(cause)}`,
      {
        next: 'The bytes in the store are damaged: restore the data folder from a copy',
        cause,
      },
    )
  }
  if (row.field !== Field.state) return value as object
  if (version > plan.version) {
    throw new MillraceError(
      'MR_STATE_FROM_FUTURE',
      `the state of ${row.describe()} has version ${version}, this program knows ${plan.version}`,
      {
        next: 'A newer program wrote it: run that one, or add the missing upcasts',
      },
    )
  }
  for (; version < plan.version; version++) {
    try {
      value = plan.upcasts[version - 1]!(value)
    } catch (cause) {
      throw new MillraceError(
        'MR_STATE_UNREADABLE',
        `the upcast from version ${version} failed for ${row.describe()}: ${messageOf(cause)}`,
        {
          next: 'Correct the upcast; then retry the dead letters',
          cause,
        },
      )
    }
  }
  return value as object
}
