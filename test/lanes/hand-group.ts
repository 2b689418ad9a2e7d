import { ByteReader } from '../../runtime/base/bytes.ts'
import type { MillraceError } from '../../runtime/base/errors.ts'
import { noBugs } from '../../runtime/shard/bugs.ts'
import { type FrameHeader, FrameKind, readFrameHeader } from '../../runtime/shard/lanes/frame.ts'
import { InLanes } from '../../runtime/shard/lanes/in-lanes.ts'
import { LinkSet } from '../../runtime/shard/lanes/links.ts'
import type { LaneNames } from '../../runtime/shard/lanes/names.ts'
import type { LaneMessage } from '../../runtime/shard/lanes/message-bytes.ts'
import { OutLanes } from '../../runtime/shard/lanes/out-lanes.ts'
import type { LinkHost, SourcePosition } from '../../runtime/shard/lanes/ports.ts'
import type { Emission } from './emission.ts'
import { bytesOf, laneMessage, textOf } from './lane-message.ts'

export const names: LaneNames = {
  routes: ['a.first', 'a.second'],
  routeIds: [3, 300],
  sinks: ['out'],
  sources: ['log'],
  plans: ['plan'],
}

/** `route`: its place in `names`. */
export function message(content: string, route = 0): LaneMessage {
  return laneMessage(names.routeIds[route]!, content)
}

export function emission(shard: number, content: string, route = 0): Emission {
  return { shard, route, key: 'key', index: 0, timeMs: 9, bytes: bytesOf(content) }
}

export interface HandOptions {
  readonly epoch?: number
  readonly names?: LaneNames
  readonly ownerOf?: (shard: number) => number
}

/** A group that is driven by hand: shards 0 and 2 are group 0's, 1 and 3 group 1's. Frames wait in `outbox` until delivered. */
export class HandGroup implements LinkHost {
  readonly group: number
  readonly epoch: number
  readonly ownerOf: (shard: number) => number
  readonly outLanes: OutLanes
  readonly inLanes: InLanes = new InLanes()
  readonly links: LinkSet
  outbox: Uint8Array[] = []
  /** What was taken, in order. */
  readonly taken: string[] = []
  readonly errors: MillraceError[] = []
  readonly cuts: number[] = []
  sources: SourcePosition[] = []
  cut = 0
  room = Number.POSITIVE_INFINITY
  outboxFull = false
  #commit = 0

  constructor(group: number, options: HandOptions = {}) {
    this.group = group
    this.epoch = options.epoch ?? 1
    this.ownerOf = options.ownerOf ?? ((shard): number => shard % 2)
    const ours = options.names ?? names
    this.outLanes = new OutLanes(group, this.ownerOf)
    const { outLanes, inLanes } = this
    const limits = { creditBytes: 1_000, frameBytes: 200, resendMs: 10 }
    const parts = { host: this, outLanes, inLanes, names: ours, shardCount: 4, limits, bugs: noBugs }
    this.links = new LinkSet(parts, [1 - group])
  }

  send(_peer: number, frame: Uint8Array): void {
    this.outbox.push(frame)
  }

  onCut(cut: number): void {
    this.cut = cut
    this.cuts.push(cut)
    this.taken.push(`cut ${cut}`)
  }

  onDiverged(_peer: number, error: MillraceError): void {
    this.errors.push(error)
  }

  sourcePositions(): SourcePosition[] {
    return this.sources
  }

  /** Sends messages in one commit, which is durable at once. */
  post(from: number, to: number, ...contents: readonly string[]): void {
    this.#commit += 1
    for (const content of contents) this.outLanes.append(from, to, message(content), this.#commit)
    this.#finish()
  }

  /** Takes what waits, without a commit. */
  take(max: number = Number.POSITIVE_INFINITY): number {
    const full = (): boolean => this.room-- <= 0
    return this.links.take(max, {
      laneMessage: (envelope) => {
        if (full()) return 'full'
        this.taken.push(textOf(envelope.bytes, envelope.start, envelope.end))
        return 'taken'
      },
      record: ({ offset, next, emissions }) => {
        if (full()) return 'full'
        const contents = emissions.map(({ bytes, start, end }) => textOf(bytes, start, end))
        this.taken.push(`record ${offset}-${next} ${contents.join()}`)
        return 'taken'
      },
      forwarded: ({ buffer, starts, ends, offsets, nexts }, first, max) => {
        let i = first
        for (; i < offsets.length && i - first < max && !full(); i++)
          this.taken.push(`forwarded ${offsets[i]}-${nexts[i]} ${textOf(buffer, starts[i]!, ends[i]!)}`)
        return i - first
      },
      mark: (_, partition, next) => void this.taken.push(`mark ${partition} ${next}`),
    })
  }

  /** A commit of what was taken, durable at once. */
  commit(nowMs: number = 0): void {
    this.#commit += 1
    this.#finish(nowMs)
  }

  #finish(nowMs: number = 0): void {
    this.seal()
    this.durable(nowMs)
  }

  seal(): void {
    this.inLanes.takeTouched()
    this.outLanes.takeTouched()
    this.outLanes.sealed()
    this.inLanes.sealed(this.#commit)
    this.links.sealed(this.#commit)
  }

  durable(nowMs: number = 0): void {
    this.outLanes.durable(this.#commit)
    this.inLanes.durable(this.#commit)
    this.links.durable(this.#commit, nowMs)
  }

  kinds(): string[] {
    return this.outbox.map((frame) => kindOf(frame))
  }

  takeOutbox(): Uint8Array[] {
    return this.outbox.splice(0)
  }
}

export function headerOf(frame: Uint8Array): FrameHeader {
  return readFrameHeader(new ByteReader(frame))
}

export function kindOf(frame: Uint8Array): string {
  const { kind } = headerOf(frame)
  return Object.entries(FrameKind).find(([, value]) => value === kind)![0]
}

/** Delivers everything that two groups say to each other until they fall silent. */
export function converse(a: HandGroup, b: HandGroup, nowMs: number = 0): void {
  for (let rounds = 0; rounds < 100; rounds++) {
    const fromA = a.takeOutbox()
    const fromB = b.takeOutbox()
    if (fromA.length + fromB.length === 0) return
    for (const frame of fromA) b.links.onFrame(0, frame, nowMs)
    for (const frame of fromB) a.links.onFrame(1, frame, nowMs)
  }
  throw new Error('they never fall silent')
}

/** Two groups that have greeted each other. */
export function meet(a: HandGroup, b: HandGroup, nowMs: number = 0): void {
  a.links.tick(nowMs)
  b.links.tick(nowMs)
  converse(a, b, nowMs)
}

export function pair(): { readonly a: HandGroup; readonly b: HandGroup } {
  const a = new HandGroup(0)
  const b = new HandGroup(1)
  meet(a, b)
  return { a, b }
}
