import { Space } from '../../shard/row-key.ts'
import type { CommitWrite, OpenedGroup, Store } from '../store.ts'

/** The calls of a store as promises, for tests that want to wait. */

export function openGroup(store: Store, group: number): Promise<OpenedGroup> {
  return new Promise((resolve, reject) => {
    store.open(group, (error, opened) => (error === undefined ? resolve(opened!) : reject(error)))
  })
}

export function commit(store: Store, write: CommitWrite): Promise<void> {
  return new Promise((resolve, reject) => {
    store.commit(write, (error) => (error === undefined ? resolve() : reject(error)))
  })
}

export function read(store: Store, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
  return new Promise((resolve, reject) => {
    store.read(keys, (error, values) => (error === undefined ? resolve(values!) : reject(error)))
  })
}

export function list(store: Store, from: Uint8Array, to: Uint8Array): Promise<readonly Uint8Array[]> {
  return new Promise((resolve, reject) => {
    store.list(from, to, (error, keys) => (error === undefined ? resolve(keys!) : reject(error)))
  })
}

export async function scan(
  store: Store,
  from: Uint8Array,
  to: Uint8Array,
): Promise<(readonly [Uint8Array, Uint8Array])[]> {
  const rows: (readonly [Uint8Array, Uint8Array])[] = []
  for await (const row of store.scan(from, to)) rows.push(row)
  return rows
}

/** A commit of one group with what a test cares about; the record says its number. */
export function commitOf(
  group: number,
  epoch: number,
  number: number,
  rows: CommitWrite['rows'] = [],
  truncateBelow: number = 0,
): CommitWrite {
  return { group, epoch, number, record: recordOf(group, number), rows, truncateBelow }
}

export function recordOf(group: number, number: number): Uint8Array {
  return new Uint8Array([group & 0xff, number >> 8, number & 0xff])
}

/** The stable code of whatever was thrown. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
  return 'no error'
}

export function numbersOf(opened: OpenedGroup): number[] {
  return opened.records.map(({ number }) => number)
}

export function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values)
}

/** A key in the space of entities. */
export function key(number: number, part: number = 0): Uint8Array {
  return new Uint8Array([Space.entity, 0, 0, number >> 8, number & 0xff, part])
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
}
