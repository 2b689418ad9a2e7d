import { ByteReader, ByteWriter } from '../base/bytes.ts'
import type { OpenedGroup, Store } from '../ports/store.ts'
import { after, catalogKey, groupKey, shardKey, Space } from '../shard/row-key.ts'
import type { Judged } from './judge.ts'
import { readDigest, readStanding, type Rows, writeDigest, writeStanding } from './log-record.ts'
import { type Task, waitFor } from './task.ts'

/** What follows the number of the group in a row of the space `copy`. */
const Part = { position: 0, catalog: 1, record: 2 } as const
/** So many rows are read, or removed, at once: few, because one may be as large as a state may be. */
const slice = 64

export interface Division {
  readonly shardCount: number
  readonly groupCount: number
}

/** How far a copy is good. 'spoiled': it is being put together anew, and is good for nothing until that is over. */
export type CopyPosition = Judged | 'spoiled' | undefined

/**
 * The copy of one group in a store. Rows lie there under their own names; what the copy keeps for itself lies in the space `copy`:
 *
 *   position   how far it is good, and what the fold knows there: written with whatever brings it further
 *   catalog    of this group alone: groups number names by themselves
 *   record     number f64 -> a commit record. (The numbers of the store's own records are other ones: how often it was written to.)
 */
export class LocalCopy {
  readonly #store: Store
  readonly #group: number
  readonly #division: Division
  #epoch = 0
  #writes = 0

  constructor(store: Store, group: number, division: Division) {
    this.#store = store
    this.#group = group
    this.#division = division
  }

  *position(): Task<CopyPosition> {
    const [bytes] = yield* this.#read([partKey(this.#group, Part.position)])
    if (bytes === undefined) return undefined
    return bytes.length === 0 ? 'spoiled' : decodeJudged(bytes)
  }

  /** Everything that is in memory while a group runs, and its records, as OpenedGroup says. */
  *open(): Task<Pick<OpenedGroup, 'resident' | 'records'>> {
    const opened = yield* this.#openStore()
    const [catalog] = yield* this.#read([partKey(this.#group, Part.catalog)])
    const resident = opened.resident.filter(([key]) => key[0] !== Space.catalog || key.length > 1)
    const at = resident.findIndex(([key]) => key[0]! >= Space.catalog)
    if (catalog !== undefined) resident.splice(at < 0 ? resident.length : at, 0, [catalogKey.slice(), catalog])
    const prefix = partKey(this.#group, Part.record)
    const records: { readonly number: number; readonly record: Uint8Array }[] = []
    for (const keys of slicesOf(yield* this.#list(prefix, after(prefix))))
      for (const [key, record] of yield* this.rows(keys))
        records.push({ number: new ByteReader(key, prefix.length).f64(), record })
    return { resident, records }
  }

  /** One atomic step. */
  *write(rows: Rows, judged: Judged | 'spoiled'): Task<void> {
    if (this.#epoch === 0) yield* this.#openStore()
    this.#writes += 1
    const position = judged === 'spoiled' ? new Uint8Array(0) : encodeJudged(judged)
    const write = {
      group: this.#group,
      epoch: this.#epoch,
      number: this.#writes,
      record: new Uint8Array(0),
      rows: [...rows, [partKey(this.#group, Part.position), position] as const],
      truncateBelow: this.#writes,
    }
    yield* waitFor((done) => this.#store.commit(write, done))
  }

  /** What an accepted commit changes here. `lowest` before and after it: records between are no longer needed. */
  rowsOf(
    { record, rows }: { readonly record: Uint8Array; readonly rows: Rows },
    number: number,
    lowest: { readonly before: number; readonly after: number },
  ): Rows {
    const own = rows.map(([key, value]) => [this.#nameOf(key), value] as const)
    const changes: Rows[number][] = [...own, [recordKey(this.#group, number), record]]
    for (let old = lowest.before; old < lowest.after; old++) changes.push([recordKey(this.#group, old), undefined])
    return changes
  }

  /** Removes every row of the group. The copy is spoiled from then on. */
  *clear(): Task<void> {
    yield* this.write([], 'spoiled')
    for (const [from, to] of this.ranges())
      for (const keys of slicesOf(yield* this.#list(from, to)))
        yield* this.write(
          keys.map((key) => [key, undefined]),
          'spoiled',
        )
  }

  /** Where the rows of the group lie, those for itself included. */
  ranges(): (readonly [from: Uint8Array, to: Uint8Array])[] {
    const { shardCount, groupCount } = this.#division
    const found = [partKey(this.#group, Part.catalog), partKey(this.#group, Part.record), groupKey(this.#group)]
    for (let shard = this.#group; shard < shardCount; shard += groupCount) {
      const [, high, low] = shardKey(shard) as unknown as [number, number, number]
      for (const space of [Space.shard, Space.timer, Space.entity, Space.deadLetter])
        found.push(new Uint8Array([space, high, low]))
    }
    return found.map((prefix) => [prefix, after(prefix)])
  }

  /** Keys of a range, a few at a time. */
  *keys(from: Uint8Array, to: Uint8Array): Task<Uint8Array[][]> {
    return slicesOf(yield* this.#list(from, to))
  }

  /** Those that are still there. */
  *rows(keys: readonly Uint8Array[]): Task<(readonly [key: Uint8Array, value: Uint8Array])[]> {
    const values = yield* this.#read(keys)
    return keys.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]] as const]))
  }

  *#openStore(): Task<OpenedGroup> {
    const opened = yield* waitFor<OpenedGroup>((done) => this.#store.open(this.#group, done))
    this.#epoch = opened.epoch
    this.#writes = opened.records.at(-1)?.number ?? 0
    return { ...opened, resident: [...opened.resident] }
  }

  *#read(keys: readonly Uint8Array[]): Task<readonly (Uint8Array | undefined)[]> {
    return yield* waitFor<readonly (Uint8Array | undefined)[]>((done) => this.#store.read(keys, done))
  }

  *#list(from: Uint8Array, to: Uint8Array): Task<readonly Uint8Array[]> {
    return yield* waitFor<readonly Uint8Array[]>((done) => this.#store.list(from, to, done))
  }

  #nameOf(key: Uint8Array): Uint8Array {
    return key.length === 1 && key[0] === Space.catalog ? partKey(this.#group, Part.catalog) : key
  }
}

function slicesOf(keys: readonly Uint8Array[]): Uint8Array[][] {
  const slices: Uint8Array[][] = []
  for (let at = 0; at < keys.length; at += slice) slices.push(keys.slice(at, at + slice))
  return slices
}

function partKey(group: number, part: number): Uint8Array {
  return new Uint8Array([Space.copy, group >> 8, group & 0xff, part])
}

function recordKey(group: number, number: number): Uint8Array {
  const out = new ByteWriter(12)
  out.raw(partKey(group, Part.record))
  out.f64(number) // positive doubles sort like their numbers
  return out.copy()
}

function encodeJudged({ next, last, standing, open, begun, tailBytes, chunkBytes }: Judged): Uint8Array {
  const out = new ByteWriter(256)
  out.f64(next)
  writeDigest(out, last)
  writeStanding(out, standing)
  out.f64(begun)
  out.f64(tailBytes)
  out.f64(chunkBytes)
  out.u8(open === undefined ? 0 : 1)
  if (open !== undefined)
    for (const value of [open.offset, open.chunks, open.chunkBytes, open.behindBytes]) out.f64(value)
  return out.copy()
}

function decodeJudged(bytes: Uint8Array): Judged {
  const reader = new ByteReader(bytes)
  const [next, last, standing] = [reader.f64(), readDigest(reader), readStanding(reader)]
  const [begun, tailBytes, chunkBytes] = [reader.f64(), reader.f64(), reader.f64()]
  const open =
    reader.u8() === 0
      ? undefined
      : { offset: reader.f64(), chunks: reader.f64(), chunkBytes: reader.f64(), behindBytes: reader.f64() }
  return { next, last, standing, open, begun, tailBytes, chunkBytes }
}
