import { assert } from '../base/assert.ts'
import type { Prng } from '../base/prng.ts'
import type { CommitWrite, OpenedGroup } from '../ports/store.ts'
import { corrupt, findLostRecord } from '../ports/store-refusals.ts'
import { Space } from '../shard/row-key.ts'

/** A row, with its own bytes. */
export type SimRow = readonly [key: Uint8Array, value: Uint8Array]

/** `missing`: the record is gone. `torn`: it is there in part. `flipped`: one bit is another, which only the hash chain can tell. */
export type Damage = 'missing' | 'torn' | 'flipped'

interface Group {
  epoch: number
  lowest: number
  newest: number
  readonly records: Map<number, Uint8Array>
  readonly torn: Set<number>
}

interface Content {
  readonly rows: Map<string, SimRow>
  readonly groups: Map<number, Group>
}

/** What of a disk is durable, and what of it a power cut would lose. Opaque: give it back to `restore`. */
export interface SimDiskSnapshot {
  readonly platter: Content
  readonly cached: readonly Change[]
}

/** Applied to what processes see at once, and to the platter when it is synced. The bytes in it are nobody else's. */
type Change = (content: Content) => void

/**
 * The disk of one simulated node, under any number of SimStores: those that live at the same time are owners and zombies.
 * Processes see `#seen`; a power cut leaves the platter, and of what was not synced as much as happened to be written, in order.
 */
export class SimDisk {
  #platter: Content = { rows: new Map(), groups: new Map() }
  #seen: Content = { rows: new Map(), groups: new Map() }
  #cached: Change[] = []
  readonly #openers = new Set<{ die(prng: Prng): void }>()

  /** Every process on this node dies, and the cache with them. */
  losePower(prng: Prng): void {
    for (const opener of this.#openers) opener.die(prng)
    for (const change of this.#cached.slice(0, prng.below(this.#cached.length + 1))) change(this.#platter)
    this.#cached = []
    this.#seen = copyOf(this.#platter)
  }

  /** Spoils a record on the platter and in the cache. */
  damage(group: number, number: number, how: Damage): void {
    for (const content of [this.#platter, this.#seen]) {
      const found = content.groups.get(group)
      const record = found?.records.get(number)
      if (found === undefined || record === undefined) continue
      if (how === 'missing') found.records.delete(number)
      else if (how === 'torn') found.torn.add(number)
      else found.records.set(number, flipped(record))
    }
  }

  /** What a checker looks at: every row, in key order. */
  rows(): SimRow[] {
    return this.range(new Uint8Array([0]), new Uint8Array([0xff, 0xff]))
  }

  records(group: number): OpenedGroup['records'] {
    const records = this.#seen.groups.get(group)?.records ?? new Map<number, Uint8Array>()
    return [...records].sort(([a], [b]) => a - b).map(([number, record]) => ({ number, record: record.slice() }))
  }

  /** 0: never opened. */
  epoch(group: number): number {
    return this.#seen.groups.get(group)?.epoch ?? 0
  }

  /** 0: no commit yet. */
  newest(group: number): number {
    return this.#seen.groups.get(group)?.newest ?? 0
  }

  /** A deep copy. Changes are functions of bytes that nobody writes to, so they are shared. */
  snapshot(): SimDiskSnapshot {
    return { platter: deepCopyOf(this.#platter), cached: [...this.#cached] }
  }

  /** The disk of back then. Processes that still run keep their memory: let them die first. */
  restore(snapshot: SimDiskSnapshot): void {
    this.#platter = deepCopyOf(snapshot.platter)
    this.#cached = [...snapshot.cached]
    this.#seen = copyOf(this.#platter)
    for (const change of this.#cached) change(this.#seen)
  }

  // What follows is for SimStore.

  attach(opener: { die(prng: Prng): void }): void {
    this.#openers.add(opener)
  }

  detach(opener: { die(prng: Prng): void }): void {
    this.#openers.delete(opener)
  }

  /** S4, S5. Throws what `open` has to answer. */
  openGroup(group: number): OpenedGroup {
    this.#apply((content) => (groupIn(content, group).epoch += 1), true)
    const { epoch, lowest, newest, torn } = groupIn(this.#seen, group)
    const records = this.records(group).filter(({ number }) => !torn.has(number))
    const lost = findLostRecord(group, { lowest, newest }, records)
    if (lost !== undefined) throw lost
    return { epoch, resident: this.range(new Uint8Array([Space.group]), new Uint8Array([Space.entity])), records }
  }

  /** `write` must not share bytes with anybody. */
  apply(write: CommitWrite, synced: boolean): void {
    const { group, number, record } = write
    if (number !== this.newest(group) + 1)
      throw corrupt(`commit group ${group}: commit ${number} follows ${this.newest(group)}`)
    const change: Change = ({ rows, groups }) => {
      const into = groupIn({ rows, groups }, group)
      into.newest = number
      into.records.set(number, record)
      for (const [key, value] of write.rows) {
        if (value === undefined) rows.delete(nameOf(key))
        else rows.set(nameOf(key), [key, value])
      }
      const keep = Math.min(write.truncateBelow, number)
      for (; into.lowest < keep; into.lowest++) into.records.delete(into.lowest)
    }
    this.#apply(change, synced)
  }

  value(key: Uint8Array): Uint8Array | undefined {
    return this.#seen.rows.get(nameOf(key))?.[1].slice()
  }

  range(from: Uint8Array, to: Uint8Array): SimRow[] {
    const [first, end] = [nameOf(from), nameOf(to)]
    const found = [...this.#seen.rows].filter(([name]) => name >= first && name < end)
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, [key, value]]) => [key.slice(), value.slice()])
  }

  /** What is synced takes everything before it to the platter: there is one log. */
  #apply(change: Change, synced: boolean): void {
    change(this.#seen)
    this.#cached.push(change)
    if (!synced) return
    for (const cached of this.#cached) cached(this.#platter)
    this.#cached = []
  }
}

function groupIn(content: Content, group: number): Group {
  let found = content.groups.get(group)
  if (found === undefined) {
    found = { epoch: 0, lowest: 1, newest: 0, records: new Map(), torn: new Set() }
    content.groups.set(group, found)
  }
  return found
}

function copyOf(content: Content): Content {
  const groups = [...content.groups].map(
    ([number, group]) => [number, { ...group, records: new Map(group.records), torn: new Set(group.torn) }] as const,
  )
  return { rows: new Map(content.rows), groups: new Map(groups) }
}

function deepCopyOf(content: Content): Content {
  const copy = copyOf(content)
  for (const [name, [key, value]] of copy.rows) copy.rows.set(name, [key.slice(), value.slice()])
  for (const { records } of copy.groups.values())
    for (const [number, record] of records) records.set(number, record.slice())
  return copy
}

function flipped(record: Uint8Array): Uint8Array {
  assert(record.length > 0, 'a record that is damaged has bytes')
  const copy = record.slice()
  copy[copy.length >> 1]! ^= 1
  return copy
}

/** One character per byte: sorts like the bytes. */
function nameOf(key: Uint8Array): string {
  let name = ''
  for (const byte of key) name += String.fromCharCode(byte)
  return name
}
