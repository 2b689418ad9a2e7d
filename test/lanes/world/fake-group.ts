import type { MillraceError } from '../../../runtime/base/errors.ts'
import type { Prng } from '../../../runtime/base/prng.ts'
import type { Bugs } from '../../../runtime/shard/bugs.ts'
import { InLanes } from '../../../runtime/shard/lanes/in-lanes.ts'
import { LinkSet } from '../../../runtime/shard/lanes/links.ts'
import { OutLanes } from '../../../runtime/shard/lanes/out-lanes.ts'
import type {
  ForwardedRecords,
  Inbox,
  LinkHost,
  SourcePosition,
  SourceRecord,
} from '../../../runtime/shard/lanes/ports.ts'
import type { Envelope } from '../../../runtime/shard/message.ts'
import { copyState, type GroupState, restoreLanes, type Snapshot, snapshotOf } from './group-state.ts'
import { type Emission, writeRecord } from '../emission.ts'
import { contentOf, laneMessage, textOf } from '../lane-message.ts'
import {
  emissionsOf,
  groupOf,
  limits,
  names,
  partitions,
  recordCount,
  recordSize,
  shardCount,
  shardsOf,
} from './settings.ts'

export interface Surroundings {
  readonly groupCount: number
  readonly inputsPerGroup: number
  readonly bugs: Bugs
  readonly prng: Prng
  /** Whether this group reads the partition now. Several may. */
  reads(group: number, partition: string): boolean
  send(from: number, to: number, bytes: Uint8Array): void
  diverged(from: number, to: number, error: MillraceError): void
}

interface Outgoing {
  readonly from: number
  readonly to: number
  readonly content: string
}

/**
 * One incarnation of a group: a worker reduced to its lanes. What it does is random, and done differently when it is done
 * again; only what became durable counts.
 */
export class FakeGroup {
  readonly id: number
  readonly epoch: number
  readonly outLanes: OutLanes
  readonly inLanes: InLanes = new InLanes()
  readonly links: LinkSet
  readonly state: GroupState
  /** Commits on their way to the store. */
  readonly sealed: Snapshot[] = []
  durable: Snapshot
  readonly #around: Surroundings
  readonly #host: LinkHost & { cut: number }
  readonly #readers = new Map<string, number>()
  #last: Snapshot
  #outgoing: Outgoing[] = []

  constructor(id: number, epoch: number, snapshot: Snapshot, around: Surroundings) {
    this.id = id
    this.epoch = epoch
    this.#around = around
    this.durable = this.#last = snapshot
    this.state = copyState(snapshot.state)
    const ownerOf = (shard: number): number => groupOf(shard, around.groupCount)
    this.outLanes = new OutLanes(id, ownerOf)
    restoreLanes(snapshot, this.outLanes, this.inLanes)
    const { outLanes, inLanes } = this
    this.#host = {
      group: id,
      epoch,
      cut: Math.max(0, ...this.state.cuts.keys()),
      get outboxFull() {
        return outLanes.waitingBytes > limits.creditBytes / 2
      },
      ownerOf,
      send: (peer, frame) => around.send(id, peer, frame),
      onCut: (cut) => this.noteCut(cut),
      onDiverged: (peer, error) => around.diverged(id, peer, error),
      sourcePositions: () => this.#sourcePositions(),
    }
    const { bugs } = around
    const parts = { host: this.#host, outLanes, inLanes, names, shardCount, limits, bugs }
    const peers = Array.from({ length: around.groupCount }, (_, group) => group).filter((group) => group !== id)
    this.links = new LinkSet(parts, peers)
  }

  get cut(): number {
    return this.#host.cut
  }

  /** RULE 9: what was sealed so far is before the cut, everything else after it. */
  noteCut(cut: number): void {
    this.state.cuts.set(cut, this.#last)
    this.#host.cut = cut
  }

  /** Whether it has nothing left to do, and nobody owes it anything. */
  get isDone(): boolean {
    const { inputs, sources } = this.state
    return (
      inputs === this.#around.inputsPerGroup &&
      partitions.every((partition) => sources.get(partition)?.next === recordCount * recordSize) &&
      this.sealed.length === 0 &&
      this.outLanes.waitingCount === 0 &&
      this.links.isQuiet &&
      !this.links.hasWaiting &&
      !this.links.hasTaken
    )
  }

  /** One batch, from the taking to the seal. */
  runBatch(): void {
    const { prng } = this.#around
    if (this.sealed.length >= 2) return
    const before = this.#outgoing.length + this.state.inputs
    this.#takeOwn()
    const inbox: Inbox = {
      laneMessage: (envelope) => (prng.chance(0.05) ? 'full' : this.#handle(envelope)),
      record: (record) => (prng.chance(0.05) ? 'full' : this.#applyRecord(record)),
      forwarded: (records, first, max) => this.#applyForwarded(records, first, prng.chance(0.05) ? 1 : max),
      mark: (_, partition, next) => this.#moveSource(partition, next),
    }
    this.links.take(1 + prng.below(12), inbox)
    if (this.state.inputs < this.#around.inputsPerGroup && prng.chance(0.3)) this.#runInput()
    const read = this.#read()
    const worked = this.#outgoing.length + this.state.inputs > before || read
    if (worked || this.links.hasTaken || this.inLanes.hasTouched || this.outLanes.hasTouched) this.#seal()
  }

  /** The oldest commit on its way is durable now. */
  commitDurable(nowMs: number): void {
    const snapshot = this.sealed.shift()
    if (snapshot === undefined) return
    this.durable = snapshot
    this.outLanes.durable(snapshot.commit)
    this.inLanes.durable(snapshot.commit)
    this.links.durable(snapshot.commit, nowMs)
  }

  #seal(): void {
    const commit = this.#last.commit + 1
    for (const { from, to, content } of this.#outgoing) {
      this.outLanes.append(from, to, laneMessage(names.routeIds[0]!, content), commit)
      listOf(this.state.sent, from, to).push(content)
    }
    this.#outgoing = []
    this.inLanes.takeTouched()
    this.outLanes.takeTouched()
    this.outLanes.sealed()
    this.inLanes.sealed(commit)
    this.links.sealed(commit)
    this.#last = snapshotOf(commit, this.state, shardsOf(this.id, this.#around.groupCount), this.outLanes, this.inLanes)
    this.sealed.push(this.#last)
  }

  /** Messages to shards of this group itself that had to wait for a commit. */
  #takeOwn(): void {
    for (const lane of this.outLanes.ready(this.id)) {
      while (lane.cursor < lane.sendable) {
        const entry = lane.entry(lane.cursor + 1)!
        const { number, chainHigh, chainLow } = entry
        this.inLanes.advance(this.inLanes.lane(lane.from, lane.to), number, chainHigh, chainLow)
        this.outLanes.pruneLane(lane, number)
        this.#handleContent(lane.from, lane.to, contentOf(entry))
      }
    }
  }

  #handle({ from, shard, bytes, start, end }: Envelope): 'taken' {
    if (from.kind === 'lane') this.#handleContent(from.shard, shard, textOf(bytes, start, end))
    return 'taken'
  }

  /** Handles a message, and sends on while its first letter says so. */
  #handleContent(from: number, to: number, content: string): void {
    listOf(this.state.handled, from, to).push(content)
    const hops = Number(content[0])
    if (hops > 0) this.#send(to, hops - 1)
  }

  #runInput(): void {
    const { prng } = this.#around
    this.state.inputs += 1
    const own = shardsOf(this.id, this.#around.groupCount)
    for (let left = 1 + prng.below(4); left > 0; left--) this.#send(prng.pick(own), prng.below(4))
  }

  #send(from: number, hops: number): void {
    const { prng } = this.#around
    const to = prng.chance(0.7) ? (from + 1) % shardCount : prng.below(shardCount) // some lanes are long
    this.#outgoing.push({ from, to, content: `${hops}/${prng.u32().toString(36)}` })
  }

  #read(): boolean {
    let read = false
    for (const partition of partitions) {
      if (!this.#around.reads(this.id, partition) || !this.links.hasCredit) continue
      let position = this.#readers.get(partition) ?? this.#sourceOf(partition).next
      position = this.links.resume(0, partition, position, 0)
      position = this.links.resume(0, partition, position, 0)
      const end = Math.min(position + recordSize * (1 + this.#around.prng.below(4)), recordCount * recordSize)
      for (let offset = position; offset < end; offset += recordSize) {
        const i = offset / recordSize
        const next = offset + recordSize
        const all = emissionsOf(partition, offset)
        const isOwn = ({ shard }: Emission): boolean => groupOf(shard, this.#around.groupCount) === this.id
        const elsewhere = all.filter((emission) => !isOwn(emission))
        const contents = all.filter(isOwn).map(({ bytes }) => textOf(bytes))
        if (this.#apply(partition, offset, next, contents)) read = true
        const [receiver, ...others] = new Set(all.map(({ shard }) => groupOf(shard, this.#around.groupCount)))
        if (receiver !== undefined && receiver !== this.id && others.length === 0 && this.#around.prng.chance(0.5)) {
          const bytes = new DataView(Uint8Array.of(partition.charCodeAt(0), i).buffer)
          this.links.beginRecord(0, partition, offset, next)
          this.links.forward(all[0]!.shard, offset, bytes, 0, 2)
          this.links.endRecord()
        } else writeRecord(this.links, partition, offset, next, elsewhere)
      }
      this.links.mark(0, partition, end)
      this.#readers.set(partition, end)
    }
    return read
  }

  #applyRecord({ partition, offset, next, emissions }: SourceRecord): 'taken' {
    const contents = emissions.map(({ bytes, start, end }) => textOf(bytes, start, end))
    this.#apply(partition, offset, next, contents)
    return 'taken'
  }

  /** Makes of each record what whoever forwarded it would have made. */
  #applyForwarded(records: ForwardedRecords, first: number, max: number): number {
    const { partition, buffer, starts, offsets, nexts } = records
    const end = Math.min(offsets.length, first + max)
    for (let i = first; i < end; i++) {
      const name = String.fromCharCode(buffer[starts[i]!]!)
      const offset = buffer[starts[i]! + 1]! * recordSize
      const contents = emissionsOf(name, offset).map(({ bytes }) => textOf(bytes))
      this.#apply(partition, offsets[i]!, nexts[i]!, contents)
    }
    return end - first
  }

  #apply(partition: string, offset: number, next: number, contents: readonly string[]): boolean {
    const lane = this.#sourceOf(partition)
    if (offset < lane.next) return false
    lane.seen.push(...contents)
    lane.next = next
    return true
  }

  #moveSource(partition: string, next: number): void {
    const lane = this.#sourceOf(partition)
    lane.next = Math.max(lane.next, next)
  }

  #sourceOf(partition: string): { next: number; readonly seen: string[] } {
    let lane = this.state.sources.get(partition)
    if (lane === undefined) this.state.sources.set(partition, (lane = { next: 0, seen: [] }))
    return lane
  }

  #sourcePositions(): SourcePosition[] {
    return [...this.durable.state.sources].map(([partition, { next }]) => ({ source: 0, partition, next }))
  }
}

function listOf(lists: Map<string, string[]>, from: number, to: number): string[] {
  const key = `${from}>${to}`
  let list = lists.get(key)
  if (list === undefined) lists.set(key, (list = []))
  return list
}
