import { ByteWriter } from '../base/bytes.ts'
import { Chain } from '../base/hash.ts'
import type { Batch } from './batch.ts'
import type { Bugs } from './bugs.ts'
import type { Catalog } from './catalog.ts'
import type { Codec } from './codec.ts'
import { EffectKind, type Effects } from './effects.ts'
import type { Plan } from './plan.ts'
import {
  EntryKind,
  finishRecord,
  origin,
  type Position,
  type ShardMove,
  type SinkMove,
  writeHeader,
  writePosition,
} from './record.ts'
import type { RowCache } from './row-cache.ts'
import { RowSealer } from './row-sealer.ts'
import { deadLetterKey } from './row-key.ts'
import { type PendingOutputs, type SealedOutputs, sealedOutputs, type SinkLanes } from './sink-lanes.ts'
import type { SourceLanes } from './source-lanes.ts'
import type { TimerBook } from './timer-book.ts'
import { encodeTimer, timerRowKey } from './timers.ts'
import { encodeLate } from './late-outputs.ts'
import type { InLanes } from './lanes/in-lanes.ts'
import type { OutLanes } from './lanes/out-lanes.ts'
import { costOf, type LooseRow, type WriteBack } from './write-back.ts'

export interface SealParts {
  readonly group: number
  readonly plan: Plan
  readonly codec: Codec
  readonly catalog: Catalog
  readonly cache: RowCache
  readonly batch: Batch
  readonly effects: Effects
  readonly timers: TimerBook
  readonly sinkLanes: readonly SinkLanes[]
  readonly sources: SourceLanes
  readonly outLanes: OutLanes
  readonly inLanes: InLanes
  readonly writeBack: WriteBack
  readonly bugs: Bugs
  shardRow(shard: number): LooseRow
}

/**
 * Closes a batch: turns what it changed and what it wants heard into one commit record.
 *
 * L1 States are encoded first; if one cannot be, nothing has changed and the batch can be run again (Unsealable).
 * L2 After that nothing fails: sealed values, positions, chains and pending write-backs all move to the new commit together.
 */
export class Sealer {
  number = 0
  readonly chain: Chain = new Chain()
  nowMs = 0
  cut = 0
  deadLetters = 0
  epoch = 0
  /** Number and chain of each shard. */
  readonly shards: Map<number, Position> = new Map()
  /** Rows that leave the store with this commit: dead letters that are tried again. */
  readonly removals: { readonly shard: number; readonly key: Uint8Array }[] = []
  readonly #parts: SealParts
  readonly #out = new ByteWriter(1 << 18)
  readonly #rows: RowSealer
  #shardChains = new Map<number, Chain>()

  constructor(parts: SealParts) {
    this.#parts = parts
    this.#rows = new RowSealer(parts.cache, parts.codec, parts.writeBack)
  }

  /** Throws Unsealable (L1). */
  seal(): { readonly record: Uint8Array; readonly outputs: readonly (PendingOutputs | undefined)[] } {
    const { group, batch } = this.#parts
    const out = this.#out
    this.#rows.encode()
    out.clear()
    this.#shardChains = new Map()
    const number = this.number + 1
    const { letters, outputs } = this.#countEffects()
    const deadLetters = this.deadLetters + letters
    const nowMs = Math.max(this.nowMs, batch.nowMs)
    const { epoch, cut } = this
    writeHeader(out, {
      group,
      number,
      epoch,
      beforeHigh: this.chain.high,
      beforeLow: this.chain.low,
      nowMs,
      cut,
      deadLetters,
    })
    this.number = number
    this.nowMs = nowMs
    this.#rows.write(out, number, (shard) => this.#shardChain(shard))
    for (const { shard, key } of this.removals.splice(0)) this.#writeLoose(shard, key, undefined)
    this.#writeTimers()
    this.#writeSources()
    const pending = this.#writeEffects(outputs)
    this.deadLetters = deadLetters
    this.#writeLanes()
    const movesOf = this.#parts.sinkLanes.map((lanes) => lanes.takeMoves())
    const sinks: SinkMove[] = movesOf.flat()
    for (const { shard } of sinks) this.#shardChain(shard)
    const record = finishRecord(out, this.#moveShards(), sinks, this.chain)
    this.#parts.outLanes.sealed()
    this.#adopt(record)
    return {
      record,
      outputs: pending.map(
        (outputs, i) =>
          outputs && {
            ...outputs,
            commit: number,
            buffer: record,
            positions: movesOf[i]!.map(({ shard, after }) => ({ shard, ...after })),
          },
      ),
    }
  }

  #writeLoose(shard: number, key: Uint8Array, value: Uint8Array | undefined): void {
    this.#writeEntry(shard, key, value)
    this.#parts.writeBack.put(key, value, this.number)
  }

  #writeLetter(shard: number, number: number, value: Uint8Array): void {
    const key = deadLetterKey(shard, number)
    this.#writeEntry(shard, key, value)
    this.#parts.writeBack.add(key, value, this.number)
  }

  #writeEntry(shard: number, key: Uint8Array, value: Uint8Array | undefined): void {
    const out = this.#out
    const begin = out.length
    out.u8(value === undefined ? EntryKind.remove : EntryKind.put)
    out.block(key)
    if (value !== undefined) out.block(value)
    this.#shardChain(shard).add(out.bytes, begin, out.length)
  }

  #writeTimers(): void {
    const { catalog, plan } = this.#parts
    for (const { timer, removed } of this.#parts.timers.sealed()) {
      const value = removed ? undefined : encodeTimer(timer, catalog.number('route', plan.routes[timer.route]!.name))
      this.#writeLoose(timer.shard, timerRowKey(timer), value)
    }
  }

  #writeSources(): void {
    const out = this.#out
    for (const lane of this.#parts.sources.all()) {
      if (!lane.planned) {
        out.u8(EntryKind.sourcePlan)
        out.varint(lane.id)
        out.text(lane.partition)
        out.f64(lane.start)
        out.text(lane.fingerprint)
        lane.planned = true
      }
      if (!lane.changed && lane.next === lane.sealedNext) continue
      const { bugs } = this.#parts
      const next = bugs.watermarkInSecondWrite ? lane.sealedNext : lane.next
      lane.changed = bugs.watermarkInSecondWrite && lane.sealedNext !== lane.next
      lane.sealedNext = lane.next
      out.u8(EntryKind.sourcePosition)
      out.varint(lane.id)
      out.text(lane.partition)
      out.f64(next)
      out.text(lane.proof)
      out.u8(lane.drained ? 1 : 0)
    }
  }

  /** How much of what there is: columns of the right length need no growing. */
  #countEffects(): { readonly letters: number; readonly outputs: readonly number[] } {
    const { effects, plan } = this.#parts
    const outputs = plan.sinks.map(() => 0)
    let letters = 0
    for (let i = 0; i < effects.count; i++) {
      if (effects.kinds[i] === EffectKind.output) outputs[effects.targets[i]!]! += 1
      else if (effects.kinds[i] === EffectKind.deadLetter) letters += 1
    }
    return { letters, outputs }
  }

  #writeEffects(outputs: readonly number[]): (SealedOutputs | undefined)[] {
    const { effects, sinkLanes, plan } = this.#parts
    const out = this.#out
    if (effects.late.size > 0)
      encodeLate(
        effects,
        plan,
        sinkLanes.map(({ id }) => id),
      )
    const { bytes } = effects.payload
    const pending: (SealedOutputs | undefined)[] = plan.sinks.map(() => undefined)
    let letters = this.deadLetters
    // Outputs that follow each other in the payload are copied together: `bytes[from, to)`.
    let from = 0
    let to = 0
    for (let i = 0; i < effects.count; i++) {
      const shard = effects.fromShards[i]!
      const start = effects.starts[i]!
      const end = effects.ends[i]!
      if (effects.kinds[i] === EffectKind.output) {
        if (effects.begins[i] !== to) {
          out.raw(bytes, from, to)
          from = effects.begins[i]!
        }
        to = end
        const sink = effects.targets[i]!
        sinkLanes[sink]!.add(shard, bytes, start, end)
        const list = (pending[sink] ??= sealedOutputs(outputs[sink]!, plan.sinks[sink]!.key !== undefined))
        const moved = out.length - from
        list.starts[list.count] = start + moved
        list.ends[list.count] = end + moved
        list.shards[list.count] = shard
        list.keys?.push(effects.keys[i]!)
        list.count += 1
        continue
      }
      out.raw(bytes, from, to)
      from = to = end
      if (effects.kinds[i] === EffectKind.deadLetter) this.#writeLetter(shard, ++letters, bytes.slice(start, end))
      else this.#writeMessage(i)
    }
    out.raw(bytes, from, to)
    return pending
  }

  #writeMessage(i: number): void {
    const { effects, outLanes } = this.#parts
    const out = this.#out
    const from = effects.fromShards[i]!
    const to = effects.toShards[i]!
    const message = { buffer: effects.payload.bytes, start: effects.starts[i]!, end: effects.ends[i]! }
    const entry = outLanes.append(from, to, message, this.number)
    out.u8(EntryKind.message)
    out.u16(from)
    out.u16(to)
    writePosition(out, entry)
    out.block(message.buffer, message.start, message.end)
  }

  #writeLanes(): void {
    const out = this.#out
    for (const { lane, position } of this.#parts.inLanes.takeTouched()) {
      const { from, to } = lane
      out.u8(EntryKind.laneIn)
      out.u16(from)
      out.u16(to)
      writePosition(out, position)
      this.#shardChain(to)
    }
    for (const { from, to, pruned } of this.#parts.outLanes.takeTouched()) {
      out.u8(EntryKind.lanePruned)
      out.u16(from)
      out.u16(to)
      writePosition(out, pruned)
      this.#shardChain(from)
    }
  }

  #shardChain(shard: number): Chain {
    let chain = this.#shardChains.get(shard)
    if (chain === undefined) {
      const at = this.shards.get(shard)
      this.#shardChains.set(shard, (chain = new Chain(at?.chainHigh, at?.chainLow)))
    }
    return chain
  }

  #moveShards(): ShardMove[] {
    const moves: ShardMove[] = []
    for (const [shard, chain] of this.#shardChains) {
      const before = this.shards.get(shard) ?? origin
      const after = { number: before.number + 1, chainHigh: chain.high, chainLow: chain.low }
      this.shards.set(shard, after)
      moves.push({ shard, before, after })
    }
    return moves
  }

  #adopt(record: Uint8Array): void {
    const { writeBack } = this.#parts
    writeBack.addRecord(this.number, costOf(record.length))
    for (const shard of this.#shardChains.keys()) writeBack.dirtyLoose(this.#parts.shardRow(shard), this.number)
  }
}
