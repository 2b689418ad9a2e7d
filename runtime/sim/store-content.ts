import { ByteReader } from '../base/bytes.ts'
import { Catalog } from '../shard/catalog.ts'
import type { Codec } from '../shard/codec.ts'
import { type DeadLetterData, decodeDeadLetter } from '../shard/dead-letter.ts'
import { readRecord } from '../shard/record.ts'
import { RowHead } from '../shard/row-head.ts'
import { Field, readEntityKey, Space } from '../shard/row-key.ts'
import { decodeTimer, type StoredTimer } from '../shard/timers.ts'

/** What a node's store holds in the end. */
export interface StoreContent {
  readonly rows: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
  readonly groups: readonly {
    readonly group: number
    /** Number of its newest commit. */
    readonly newest: number
    readonly owns: (shard: number) => boolean
    readonly records: readonly { readonly number: number; readonly record: Uint8Array }[]
  }[]
}

export interface StoredEntity {
  readonly name: string
  readonly key: string
  /** It lies in a store that none of its shard's owners commits to. */
  isAstray: boolean
  state: { readonly bytes: Uint8Array; readonly version: number; readonly seenMs: number | undefined } | undefined
  readonly activities: Map<string, Uint8Array>
  readonly timers: Map<string, StoredTimer & { readonly route: string }>
}

/** Reads stores as somebody does who knows the data format and nothing else: rows, and over them the commit records. */
export class StoredStates {
  readonly entities: Map<string, StoredEntity> = new Map()
  /** By group, in the order in which they were written. */
  readonly letters: Map<number, { readonly number: number; readonly letter: DeadLetterData }[]> = new Map()
  readonly #codec: Codec

  /** Throws what the data format throws. */
  constructor(stores: readonly StoreContent[], codec: Codec) {
    this.#codec = codec
    for (const store of stores) this.#read(store)
    for (const letters of this.letters.values()) letters.sort((a, b) => a.number - b.number)
  }

  find(name: string, key: string): StoredEntity | undefined {
    return this.entities.get(`${name}/${key}`)
  }

  #read({ rows, groups }: StoreContent): void {
    const all = new Map(rows.map(([key, value]) => [nameOf(key), { key, value: value as Uint8Array | undefined }]))
    const put = (key: Uint8Array, value: Uint8Array | undefined): void => void all.set(nameOf(key), { key, value })
    for (const { records } of groups) {
      for (const { record } of records)
        readRecord(record, {
          ...deaf,
          put: (keyStart, keyEnd, start, end) => put(record.slice(keyStart, keyEnd), record.slice(start, end)),
          remove: (keyStart, keyEnd) => put(record.slice(keyStart, keyEnd), undefined),
        })
    }
    const catalog = Catalog.decode(all.get(String.fromCharCode(Space.catalog))?.value)
    const ownerOf = (shard: number): number | undefined => groups.find(({ owns }) => owns(shard))?.group
    for (const { key, value } of all.values()) {
      if (value === undefined) continue
      const reader = new ByteReader(key, 1)
      if (key[0] === Space.entity) this.#readEntity(reader, value, catalog, ownerOf)
      else if (key[0] === Space.timer) this.#readTimer(reader, value, catalog, ownerOf)
      else if (key[0] === Space.deadLetter) this.#readLetter(reader, value, ownerOf)
    }
  }

  #readEntity(reader: ByteReader, value: Uint8Array, catalog: Catalog, ownerOf: OwnerOf): void {
    const { shard, entity, key, field, element } = readEntityKey(reader)
    if (field === Field.answer) return
    const name = catalog.name('entity', entity)
    const stored = this.#entity(name, key, ownerOf(shard))
    const { version, seenMs, end } = new RowHead(value, 0, value.length)
    const bytes = value.slice(end)
    if (field === Field.activity) stored.activities.set(element, bytes)
    else stored.state = { bytes, version, seenMs }
  }

  #readTimer(reader: ByteReader, value: Uint8Array, catalog: Catalog, ownerOf: OwnerOf): void {
    const owner = ownerOf(reader.u16())
    const stored = this.#entity(catalog.name('entity', reader.u16()), reader.text(), owner)
    const timer = decodeTimer(value)
    stored.timers.set(reader.text(), { ...timer, route: catalog.name('route', timer.routeId) ?? '' })
  }

  #readLetter(reader: ByteReader, value: Uint8Array, ownerOf: OwnerOf): void {
    const group = ownerOf(reader.u16()) ?? -1
    const list = this.letters.get(group) ?? []
    this.letters.set(group, list)
    list.push({ number: reader.f64(), letter: decodeDeadLetter(value, this.#codec) })
  }

  #entity(name: string = '?', key: string, owner: number | undefined): StoredEntity {
    const id = `${name}/${key}`
    let found = this.entities.get(id)
    if (found === undefined)
      this.entities.set(
        id,
        (found = { name, key, isAstray: false, state: undefined, activities: new Map(), timers: new Map() }),
      )
    found.isAstray ||= owner === undefined
    return found
  }
}

type OwnerOf = (shard: number) => number | undefined

const deaf = {
  put() {},
  remove() {},
  output() {},
  message() {},
  laneIn() {},
  lanePruned() {},
  sourcePosition() {},
  sourcePlan() {},
}

function nameOf(key: Uint8Array): string {
  let name = ''
  for (const byte of key) name += String.fromCharCode(byte)
  return name
}
