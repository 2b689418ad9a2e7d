import type { OpenedGroup, Store } from '../../runtime/ports/store.ts'

/** The calls of a store as promises, for what happens before and beside a worker. */

export function readRow(store: Store, key: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    store.read([key], (error, values) => (error === undefined ? resolve(values?.[0]) : reject(error)))
  })
}

/** Fences whoever had the group open. */
export function openGroup(store: Store, group: number): Promise<OpenedGroup> {
  return new Promise((resolve, reject) => {
    store.open(group, (error, opened) => (error === undefined ? resolve(opened!) : reject(error)))
  })
}
