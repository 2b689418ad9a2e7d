import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { after, Space } from '../../shard/row-key.ts'
import { openRow } from './checksum.ts'
import type { Row } from './database.ts'

/**
 * The rows that the store keeps for itself, in the space `store`:
 *
 *   'f'                 -> format: version u16, shard count u16, groups u16
 *   'g' group u16       -> a commit group: epoch, lowest and newest record, f64 each
 *   'b' stream u16 number f64 -> a batch that was written: see BatchRow
 */
export const dataFormat = 2

export interface FormatRow {
  readonly version: number
  readonly shardCount: number
  /** Into how many commit groups the shards are divided. */
  readonly groups: number
}

/** What the store knows of a commit group. Written with every batch that touches the group. */
export interface GroupRow {
  epoch: number
  /** The first record that is still there; the newest always is. */
  lowest: number
  /** 0: none yet. */
  newest: number
}

/**
 * Every batch writes one row under its own number. LevelDB drops a damaged batch of its write-ahead log without a word; here
 * it leaves a hole. Rows of batches that have reached LevelDB's tables for certain are removed, so there are few.
 *
 * Several threads write to one database, in an order that only LevelDB knows. So each of them counts its batches for itself:
 * that is a stream. The thread that opened the folder writes stream 0.
 */
export interface BatchRow {
  readonly number: number
  /** The lowest number whose row is still there once this batch is. */
  readonly oldest: number
  /** What was committed with it. */
  readonly commits: readonly { readonly group: number; readonly number: number }[]
}

const format = 0x66
const group = 0x67
const batch = 0x62

export const formatKey: Uint8Array = new Uint8Array([Space.store, format])

export interface OwnRows {
  readonly format: FormatRow | undefined
  readonly groups: Map<number, GroupRow>
  /** By stream, in order. */
  readonly batches: ReadonlyMap<number, readonly BatchRow[]>
}

/** All rows of the space `store`, in key order. Those of another data format are not looked into. */
export function readOwnRows(rows: readonly Row[]): OwnRows {
  const groups = new Map<number, GroupRow>()
  const batches = new Map<number, BatchRow[]>()
  const formatRow = rows.find(([key]) => key[1] === format)
  const found = formatRow === undefined ? undefined : readFormat(openRow(...formatRow))
  if (found !== undefined && found.version !== dataFormat) return { format: found, groups, batches }
  for (const [key, value] of rows) {
    if (key[1] === group) groups.set(...readGroup(key, openRow(key, value)))
    else if (key[1] === batch) {
      const [stream, row] = readBatch(key, openRow(key, value))
      const known = batches.get(stream)
      if (known === undefined) batches.set(stream, [row])
      else known.push(row)
    }
  }
  return { format: found, groups, batches }
}

export function groupRowKey(number: number): Uint8Array {
  return new Uint8Array([Space.store, group, number >> 8, number & 0xff])
}

export function batchRowKey(stream: number, number: number): Uint8Array {
  const out = new ByteWriter(12)
  out.u8(Space.store)
  out.u8(batch)
  out.u16(stream)
  out.f64(number) // positive doubles sort like their numbers
  return out.copy()
}

export function writeFormat(row: FormatRow): Uint8Array {
  const out = new ByteWriter(6)
  out.u16(row.version)
  out.u16(row.shardCount)
  out.u16(row.groups)
  return out.copy()
}

/** Only the version is sure to be there in a format that is not ours. */
function readFormat(bytes: Uint8Array): FormatRow {
  const reader = new ByteReader(bytes)
  const version = reader.u16()
  if (version !== dataFormat) return { version, shardCount: 0, groups: 0 }
  return { version, shardCount: reader.u16(), groups: reader.u16() }
}

export function writeGroup(row: GroupRow): Uint8Array {
  const out = new ByteWriter(24)
  out.f64(row.epoch)
  out.f64(row.lowest)
  out.f64(row.newest)
  return out.copy()
}

function readGroup(key: Uint8Array, bytes: Uint8Array): readonly [group: number, row: GroupRow] {
  const reader = new ByteReader(bytes)
  return [new ByteReader(key, 2).u16(), { epoch: reader.f64(), lowest: reader.f64(), newest: reader.f64() }]
}

export function writeBatch(row: BatchRow): Uint8Array {
  const out = new ByteWriter(10 + row.commits.length * 10)
  out.f64(row.oldest)
  for (const commit of row.commits) {
    out.u16(commit.group)
    out.f64(commit.number)
  }
  return out.copy()
}

function readBatch(key: Uint8Array, bytes: Uint8Array): readonly [stream: number, row: BatchRow] {
  const name = new ByteReader(key, 2)
  const reader = new ByteReader(bytes)
  const oldest = reader.f64()
  const commits: { group: number; number: number }[] = []
  while (!reader.done) commits.push({ group: reader.u16(), number: reader.f64() })
  return [name.u16(), { number: name.f64(), oldest, commits }]
}

/** The rows of a group's commit records. */
export function logRange(group: number): readonly [from: Uint8Array, to: Uint8Array] {
  const prefix = new Uint8Array([Space.log, group >> 8, group & 0xff])
  return [prefix, after(prefix)]
}

export function readLogNumber(key: Uint8Array): number {
  return new ByteReader(key, 3).f64()
}
