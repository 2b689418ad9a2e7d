import { assert } from '../base/assert.ts'
import { Chain } from '../base/hash.ts'
import {
  decodeGroupHeader,
  decodeShardHeader,
  type GroupHeader,
  type ShardHeader,
  type StoredSource,
} from './headers.ts'
import {
  corrupt,
  type LaneRecord,
  origin,
  type Position,
  readRecord,
  type RecordEnd,
  type RecordVisitor,
} from './record.ts'
import { RecoveredOutputs } from './recovered-outputs.ts'
import { RecoveredRows } from './recovered-rows.ts'
import { Space } from './row-key.ts'
import { latin1 } from './latin1.ts'

/**
 * What a group was when its last commit became durable, put together from rows and commit records (B2 in write-back.ts), and
 * verified on the way: numbers without gaps, and the chains of the group and of every shard.
 */
export interface Recovered {
  readonly number: number
  readonly chainHigh: number
  readonly chainLow: number
  readonly nowMs: number
  readonly cut: number
  readonly deadLetters: number
  readonly catalog: Uint8Array | undefined
  readonly sources: readonly StoredSource[]
  /** Number and chain of each shard. */
  readonly shards: ReadonlyMap<number, Position>
  readonly shardHeaders: readonly ShardHeader[]
  /** Positions of sink lanes, by `sink/shard` in durable numbers: the newest, and as of before the first record that moved it. */
  readonly sinkPositions: ReadonlyMap<
    string,
    { readonly sink: number; readonly shard: number; readonly base: Position; readonly last: Position }
  >
  /** Outputs in the records, in order. Which of them the sink has is found out when it opens. */
  readonly outputs: RecoveredOutputs
  readonly messages: readonly (LaneRecord & { readonly commit: number; readonly buffer: Uint8Array })[]
  readonly lanesIn: ReadonlyMap<string, { readonly from: number; readonly to: number; readonly position: Position }>
  readonly lanesPruned: ReadonlyMap<string, { readonly from: number; readonly to: number; readonly position: Position }>
  /** Rows whose newest value is in the records, with the first record that changed them, in the order of those. */
  readonly rows: RecoveredRows
  /** Timers as of the last commit: key of the row and value. */
  readonly timers: ReadonlyMap<string, readonly [key: Uint8Array, value: Uint8Array]>
  readonly records: readonly { readonly number: number; readonly sizeBytes: number }[]
}

export interface StoredGroup {
  readonly resident: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
  readonly records: readonly { readonly number: number; readonly record: Uint8Array }[]
}

/** Throws MR_STORE_CORRUPT when the parts do not fit. `owns`: shards of this group; rows of others are left out. */
export function recover(group: number, stored: StoredGroup, owns: (shard: number) => boolean): Recovered {
  const resident = readResident(group, stored.resident, owns)
  const fold = new Fold(group, resident)
  for (const { number, record } of stored.records) fold.add(number, record)
  return fold.finish()
}

interface Resident {
  header: GroupHeader | undefined
  catalog: Uint8Array | undefined
  readonly shards: ShardHeader[]
  readonly timers: Map<string, readonly [Uint8Array, Uint8Array]>
}

function readResident(group: number, rows: StoredGroup['resident'], owns: (shard: number) => boolean): Resident {
  const resident: Resident = { header: undefined, catalog: undefined, shards: [], timers: new Map() }
  for (const [key, value] of rows) {
    const number = key.length >= 3 ? key[1]! * 256 + key[2]! : 0
    if (key[0] === Space.group && number === group) resident.header = decodeGroupHeader(value)
    else if (key[0] === Space.catalog) resident.catalog = value
    else if (key[0] === Space.shard && owns(number)) resident.shards.push(decodeShardHeader(number, value))
    else if (key[0] === Space.timer && owns(number)) resident.timers.set(latin1(key), [key, value])
  }
  return resident
}

class Fold implements RecordVisitor {
  readonly #group: number
  readonly #resident: Resident
  #number: number
  readonly #chain: Chain
  #end: RecordEnd | undefined = undefined
  #record: Uint8Array = new Uint8Array(0)
  #current = 0
  readonly #shards = new Map<number, Position>()
  readonly #sources = new Map<string, StoredSource>()
  readonly #sinkPositions = new Map<string, { sink: number; shard: number; base: Position; last: Position }>()
  readonly #outputs = new RecoveredOutputs()
  readonly #messages: (LaneRecord & { commit: number; buffer: Uint8Array })[] = []
  readonly #lanesIn = new Map<string, { from: number; to: number; position: Position }>()
  readonly #lanesPruned = new Map<string, { from: number; to: number; position: Position }>()
  readonly #rows = new RecoveredRows()
  readonly #records: { number: number; sizeBytes: number }[] = []

  constructor(group: number, resident: Resident) {
    this.#group = group
    this.#resident = resident
    const { header } = resident
    this.#number = header?.number ?? 0
    this.#chain = new Chain(header?.chainHigh, header?.chainLow)
    for (const shard of resident.shards) {
      this.#shards.set(shard.shard, shard.position)
      for (const [sink, position] of shard.sinks)
        this.#sinkPositions.set(`${sink}/${shard.shard}`, { sink, shard: shard.shard, base: position, last: position })
      for (const [from, position] of shard.lanesIn)
        this.#lanesIn.set(`${from}/${shard.shard}`, { from, to: shard.shard, position })
    }
    for (const source of header?.sources ?? []) this.#sources.set(`${source.source}/${source.partition}`, source)
  }

  add(number: number, record: Uint8Array): void {
    this.#record = record
    this.#current = number
    this.#rows.begin(number, record)
    this.#outputs.begin(number, record)
    const end = readRecord(record, this)
    if (end.header.number !== number || end.header.group !== this.#group)
      throw corrupt(`commit ${number} of group ${this.#group} is filed under another name`)
    this.#verify(end)
    this.#records.push({ number, sizeBytes: record.length })
  }

  #verify(end: RecordEnd): void {
    const { header } = end
    const before = this.#end
    if (
      before !== undefined &&
      (header.number !== before.header.number + 1 ||
        header.beforeHigh !== before.chainHigh ||
        header.beforeLow !== before.chainLow)
    ) {
      throw corrupt(
        `commit ${header.number} of group ${this.#group} does not follow commit ${before.header.number}: records are missing or changed`,
      )
    }
    const stored = this.#resident.header
    if (before === undefined && header.number > (stored?.number ?? 0) + 1) {
      throw corrupt(`commits ${(stored?.number ?? 0) + 1} to ${header.number - 1} of group ${this.#group} are missing`)
    }
    if (
      stored !== undefined &&
      header.number === stored.number &&
      (end.chainHigh !== stored.chainHigh || end.chainLow !== stored.chainLow)
    ) {
      throw corrupt(`commit ${header.number} of group ${this.#group} is not the one that the header was written with`)
    }
    if (
      before === undefined &&
      header.number === this.#number + 1 &&
      stored !== undefined &&
      !new Chain(header.beforeHigh, header.beforeLow).equals(stored.chainHigh, stored.chainLow)
    ) {
      throw corrupt(`commit ${header.number} of group ${this.#group} does not follow the header`)
    }
    for (const { shard, before: from, after } of end.shards) {
      const at = this.#shards.get(shard) ?? origin
      if (from.number > at.number)
        throw corrupt(`commits of shard ${shard} between ${at.number} and ${from.number} are missing`)
      if (from.number === at.number && (from.chainHigh !== at.chainHigh || from.chainLow !== at.chainLow))
        throw corrupt(`shard ${shard} has another history before its commit ${after.number}`)
      if (after.number > at.number) this.#shards.set(shard, after)
    }
    for (const { sink, shard, before: from, after } of end.sinks) {
      const known = this.#sinkPositions.get(`${sink}/${shard}`)
      if (known === undefined) this.#sinkPositions.set(`${sink}/${shard}`, { sink, shard, base: from, last: after })
      else {
        if (from.number < known.base.number) known.base = from
        if (after.number > known.last.number) known.last = after
      }
    }
    this.#end = end
  }

  put(keyStart: number, keyEnd: number, start: number, end: number): void {
    this.#rows.put(keyStart, keyEnd, start, end)
    if (this.#record[keyStart] !== Space.timer) return
    const key = this.#record.subarray(keyStart, keyEnd)
    this.#resident.timers.set(latin1(key), [key, this.#record.subarray(start, end)])
  }

  remove(keyStart: number, keyEnd: number): void {
    this.#rows.put(keyStart, keyEnd, -1, -1)
    if (this.#record[keyStart] === Space.timer)
      this.#resident.timers.delete(latin1(this.#record.subarray(keyStart, keyEnd)))
  }

  output(sink: number, shard: number, keyAt: number, start: number, end: number): void {
    this.#outputs.add(sink, shard, keyAt, start, end)
  }

  message(entry: LaneRecord): void {
    this.#messages.push({ ...entry, commit: this.#current, buffer: this.#record })
  }

  laneIn(from: number, to: number, position: Position): void {
    keepHigher(this.#lanesIn, from, to, position)
  }

  lanePruned(from: number, to: number, position: Position): void {
    keepHigher(this.#lanesPruned, from, to, position)
  }

  sourcePosition(source: number, partition: string, next: number, proof: string, drained: boolean): void {
    const lane = this.#sources.get(`${source}/${partition}`)
    assert(lane !== undefined, 'a source has a plan before it has a position')
    this.#sources.set(`${source}/${partition}`, { ...lane, next, proof, drained })
  }

  sourcePlan(source: number, partition: string, start: number, fingerprint: string): void {
    const lane = this.#sources.get(`${source}/${partition}`)
    this.#sources.set(`${source}/${partition}`, {
      source,
      partition,
      start,
      next: lane?.next ?? start,
      proof: lane?.proof ?? '',
      fingerprint,
      drained: false,
    })
  }

  finish(): Recovered {
    const end = this.#end
    const { header } = this.#resident
    if (header !== undefined && end !== undefined && end.header.number < header.number)
      throw corrupt(`commits ${end.header.number + 1} to ${header.number} of group ${this.#group} are missing`)
    if (end !== undefined) {
      this.#number = end.header.number
      this.#chain.high = end.chainHigh
      this.#chain.low = end.chainLow
    }
    return {
      number: this.#number,
      chainHigh: this.#chain.high,
      chainLow: this.#chain.low,
      nowMs: end?.header.nowMs ?? header?.nowMs ?? 0,
      cut: end?.header.cut ?? header?.cut ?? 0,
      deadLetters: end?.header.deadLetters ?? header?.deadLetters ?? 0,
      catalog: this.#resident.catalog,
      sources: [...this.#sources.values()],
      shards: this.#shards,
      shardHeaders: this.#resident.shards,
      sinkPositions: this.#sinkPositions,
      outputs: this.#outputs,
      messages: this.#messages,
      lanesIn: this.#lanesIn,
      lanesPruned: this.#lanesPruned,
      rows: this.#rows,
      timers: this.#resident.timers,
      records: this.#records,
    }
  }
}

function keepHigher(
  map: Map<string, { from: number; to: number; position: Position }>,
  from: number,
  to: number,
  position: Position,
): void {
  const known = map.get(`${from}/${to}`)
  if (known === undefined || known.position.number < position.number) map.set(`${from}/${to}`, { from, to, position })
}
