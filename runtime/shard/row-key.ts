import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { ByteWriter as Writer } from '../base/bytes.ts'

/**
 * The names of rows in a store: one byte says which space, the rest depends on it. Spaces below `entity` (but above `store`)
 * are held in memory whole while a group runs; the store hands them over when it opens. See docs/data-format.md.
 *
 *   store       what the store keeps for itself: format, shard count, epochs
 *   group       group u16                                            -> header of a commit group
 *   shard       shard u16                                            -> header of a shard
 *   catalog     (one row)                                            -> names and the numbers that stand for them on disk
 *   timer       shard u16, entity u16, key text, timer text          -> a pending timer
 *   entity      shard u16, entity u16, key text, field u8, element text -> state, activities, answers
 *   deadLetter  shard u16, number f64                                -> a dead letter
 *   log         group u16, number f64                                -> a commit record (owned by the store)
 *   copy        group u16, part u8, ...                              -> what a copy of a changelog keeps for itself
 *
 * A text is its UTF-8 length as a varint, then its bytes. Numbers are big-endian.
 */
export const Space = {
  store: 0x01,
  group: 0x02,
  shard: 0x03,
  catalog: 0x04,
  timer: 0x05,
  entity: 0x10,
  deadLetter: 0x18,
  log: 0x20,
  copy: 0x30,
} as const

/** What a row of an entity holds. */
export const Field = { state: 0, activity: 1, answer: 2 } as const

export function writeEntityKey(
  out: ByteWriter,
  shard: number,
  entity: number,
  key: string,
  field: number,
  element: string,
): void {
  out.u8(Space.entity)
  out.u16(shard)
  out.u16(entity)
  out.text(key)
  out.u8(field)
  out.text(element)
}

/** What the keys of all activities of an entity begin with. */
export function activityPrefix(shard: number, entity: number, key: string): Uint8Array {
  const out = new Writer(64)
  out.u8(Space.entity)
  out.u16(shard)
  out.u16(entity)
  out.text(key)
  out.u8(Field.activity)
  return out.copy()
}

export interface EntityRowKey {
  readonly shard: number
  readonly entity: number
  readonly key: string
  readonly field: number
  readonly element: string
}

/** The shard of the entity row whose key begins at `bytes[start]`. */
export function shardOf(bytes: Uint8Array, start: number): number {
  return (bytes[start + 1]! << 8) | bytes[start + 2]!
}

/** The number that stands for its entity type. */
export function entityOf(bytes: Uint8Array, start: number): number {
  return (bytes[start + 3]! << 8) | bytes[start + 4]!
}

/** Where the text of its key begins. A key is no longer than what two bytes of a varint say (maxKeyBytes). */
export function keyTextStart(bytes: Uint8Array, start: number): number {
  return start + (bytes[start + 5]! < 0x80 ? 6 : 7)
}

/** Where that ends, and the field is. */
export function keyTextEnd(bytes: Uint8Array, start: number): number {
  const low = bytes[start + 5]!
  return low < 0x80 ? start + 6 + low : start + 7 + (low & 0x7f) + (bytes[start + 6]! << 7)
}

/** Whether it is that of a state. */
export function isStateKey(bytes: Uint8Array, start: number): boolean {
  return bytes[keyTextEnd(bytes, start)] === Field.state
}

/** Reads what follows the space byte of an entity row's key. */
export function readEntityKey(reader: ByteReader): EntityRowKey {
  return { shard: reader.u16(), entity: reader.u16(), key: reader.text(), field: reader.u8(), element: reader.text() }
}

export function writeTimerKey(out: ByteWriter, shard: number, entity: number, key: string, timer: string): void {
  out.u8(Space.timer)
  out.u16(shard)
  out.u16(entity)
  out.text(key)
  out.text(timer)
}

export function groupKey(group: number): Uint8Array {
  return small(Space.group, group)
}

export function shardKey(shard: number): Uint8Array {
  return small(Space.shard, shard)
}

export const catalogKey: Uint8Array = new Uint8Array([Space.catalog])

export function deadLetterKey(shard: number, number: number): Uint8Array {
  return numbered(Space.deadLetter, shard, number)
}

export function logKey(group: number, number: number): Uint8Array {
  return numbered(Space.log, group, number)
}

/** Every key that starts with these bytes lies in `[prefix, after(prefix))`. */
export function after(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice()
  let at = end.length - 1
  while (at >= 0 && end[at] === 0xff) at--
  if (at < 0) return new Uint8Array([0xff, 0xff])
  end[at]! += 1
  return end.subarray(0, at + 1)
}

const scratch = new Writer(16)

/** Positive doubles sort like their numbers. */
function numbered(space: number, owner: number, number: number): Uint8Array {
  scratch.clear()
  scratch.u8(space)
  scratch.u16(owner)
  scratch.f64(number)
  return scratch.copy()
}

function small(space: number, number: number): Uint8Array {
  return new Uint8Array([space, number >> 8, number & 0xff])
}
