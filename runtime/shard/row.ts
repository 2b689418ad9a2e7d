import { MillraceError, messageOf } from '../base/errors.ts'
import type { Codec } from './codec.ts'
import type { EntityPlan } from './plan.ts'
import { RowHead } from './row-head.ts'
import { Field } from './row-key.ts'

/**
 * A row that is awake: its state is, or is about to be, an object that handlers work on. What is sealed of it lies on the
 * shelf, in its cell. Rows are lent: when a row sleeps, its object is used for another one (row-cache.ts).
 *
 * W1 The cell holds the value as of the last sealed batch, encoded.
 * W2 `state` may be ahead of the cell while a batch runs; after a seal both are the same value.
 */
export class Row {
  /** Its place among the rows of the cache. */
  readonly number: number
  table!: EntityTable
  shard = 0
  key = ''
  cell = 0
  status: RowStatus = Status.absent
  state: object | undefined = undefined
  /** Serial of the last batch that touched it. */
  batch = 0
  /** Serial of the last batch in which more than one message reached it. */
  busy = 0
  /** Found by its key text, without the shelf: while there are few rows. */
  isListed = false
  /** Serial of the batch in which a handler of it threw: from then on it is encoded before each message of that batch. */
  guarded = 0
  /** Forgotten: the next message finds a new state; sealed like this, the row is removed. */
  gone = false
  /** When a message last reached it, in ms. Kept only where idle entities are forgotten (`ttlMs`). */
  seenMs = 0
  field = 0
  element = ''
  /** Serial of the batch in which it was forgotten: activities that only the store has are gone too, and listed later. */
  forgottenIn = 0
  snapshot: Snapshot | undefined = undefined
  /** The entity whose activity or answer this is. */
  parent: Row | undefined = undefined
  activities: Map<string, Row> | undefined = undefined
  answers: Map<string, Row> | undefined = undefined

  constructor(number: number) {
    this.number = number
  }

  /** Becomes another row, of which nothing is known yet. */
  become(table: EntityTable, shard: number, key: string, field: number, element: string): void {
    this.table = table
    this.shard = shard
    this.key = key
    this.field = field
    this.element = element
    this.status = Status.absent
    this.batch = 0
    this.busy = 0
    this.guarded = 0
    this.gone = false
    this.seenMs = 0
    this.forgottenIn = 0
  }

  describe(): string {
    const name = `${this.table.plan.name} "${this.key}"`
    return this.field === Field.activity ? `the activity of ${name} with "${this.element}"` : name
  }
}

/** An entity as it was after its last good message of the batch. */
export interface Snapshot {
  readonly state: Uint8Array | undefined
  readonly activities: readonly (readonly [row: Row, state: Uint8Array | undefined])[]
  readonly forgottenIn: number
}

/** absent: must be read from the store. encoded: `base` holds it. live: `state` holds it. */
export const Status = { absent: 0, encoded: 1, live: 2 } as const
export type RowStatus = (typeof Status)[keyof typeof Status]

/** One entity type. */
export class EntityTable {
  readonly index: number
  readonly plan: EntityPlan
  /** The number that stands for its name on disk. */
  readonly id: number
  /** A new state, encoded. */
  blank: Uint8Array | undefined = undefined
  /** What the last state took: the next will probably need as much. */
  usualBytes = 0

  constructor(index: number, plan: EntityPlan, id: number) {
    this.index = index
    this.plan = plan
    this.id = id
  }
}

/** What a row is when it has no value. */
export function blankState(table: EntityTable, field: number): object {
  if (field === Field.activity) return table.plan.createActivity!()
  if (field === Field.answer) return {}
  return table.plan.create()
}

/** The state that lies at `bytes[start, end)` as the row's value, in today's shape. Throws MR_STATE_UNREADABLE and MR_STATE_FROM_FUTURE. */
export function decodeRow(row: Row, bytes: Uint8Array, start: number, end: number, codec: Codec): object {
  const { plan } = row.table
  let version: number
  let value: unknown
  try {
    const head = new RowHead(bytes, start, end)
    version = head.version
    if (head.seenMs !== undefined) row.seenMs = head.seenMs
    value = codec.decode(bytes, head.end, end)
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
