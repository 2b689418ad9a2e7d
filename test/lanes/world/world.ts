import { ByteReader } from '../../../runtime/base/bytes.ts'
import type { MillraceError } from '../../../runtime/base/errors.ts'
import { Prng } from '../../../runtime/base/prng.ts'
import { type Bugs, noBugs } from '../../../runtime/shard/bugs.ts'
import { FrameKind, readFrameHeader } from '../../../runtime/shard/lanes/frame.ts'
import { Excuses } from './excuses.ts'
import { FakeGroup } from './fake-group.ts'
import { emptySnapshot, type Snapshot } from './group-state.ts'
import { brokenSession, wrongCut, wrongLane, wrongSource } from './judge.ts'
import { Network, type Weather } from './network.ts'
import { partitions } from './settings.ts'

export interface WorldOptions {
  readonly durability: 'disk' | 'process'
  readonly bugs?: Partial<Bugs>
}

export type Outcome =
  | { readonly kind: 'delivered'; readonly milliseconds: number }
  /** Allowed only when a power loss could have taken what the other end of the link knows. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'wrong'; readonly detail: string }

const chaosMs = 500
const healedMs = 3_000

/**
 * Two or three groups that send each other messages and records through a bad network, while they are killed and opened anew.
 * The seed decides which faults exist at all. Then the world is healed, and everything must be delivered, once and in order.
 */
export class World {
  readonly #prng: Prng
  readonly #options: WorldOptions
  readonly #network: Network
  readonly #groups: FakeGroup[] = []
  /** Per group: everything it may wake up with after a power loss, from the last write to disk on. */
  readonly #stored: Snapshot[][] = []
  readonly #excuses = new Excuses()
  readonly #groupCount: number
  readonly #killing: number
  readonly #powerLoss: number
  readonly #outage: number
  readonly #secondReader: number
  readonly #cutAtMs: number
  #outcome: Outcome | undefined = undefined
  #powerWasLost = false
  #nowMs = 0

  constructor(seed: number, options: WorldOptions) {
    const prng = (this.#prng = new Prng(0x1a7e5, seed))
    this.#options = options
    const weather: Weather = {
      loss: prng.pick([0, 0, 0.02, 0.1]),
      repeat: prng.pick([0, 0.1]),
      delayMs: prng.pick([1, 1, 4, 15]),
    }
    this.#network = new Network(prng, weather)
    this.#killing = prng.pick([0, 0.003, 0.01])
    this.#powerLoss = options.durability === 'process' ? prng.pick([0, 0.002, 0.006]) : 0
    this.#outage = prng.pick([0, 0.003])
    this.#secondReader = prng.pick([0, 0.5])
    this.#cutAtMs = prng.below(chaosMs)
    const groupCount = (this.#groupCount = prng.pick([2, 3]))
    for (let id = 0; id < groupCount; id++) {
      this.#stored.push([emptySnapshot])
      this.#groups.push(this.#open(id, 1))
    }
  }

  run(): Outcome {
    for (; this.#nowMs < chaosMs; this.#nowMs++) {
      this.#step(true)
      if (this.#outcome !== undefined) return this.#outcome
    }
    this.#network.weather = { loss: 0, repeat: 0, delayMs: 1 }
    for (const group of this.#groups) if (group.cut === 0) group.noteCut(1) // forgotten in a crash, or never heard of
    for (; this.#nowMs < chaosMs + healedMs; this.#nowMs++) {
      this.#step(false)
      if (this.#outcome !== undefined) return this.#outcome
      if (this.#groups.every((group) => group.isDone) && this.#network.size === 0) return this.#judge()
    }
    return wrong(`stuck: not done ${healedMs} ms after the world was healed`)
  }

  #step(chaos: boolean): void {
    const prng = this.#prng
    if (this.#nowMs === this.#cutAtMs && this.#groups[0]!.cut === 0) this.#groups[0]!.noteCut(1)
    for (const { from, to, bytes } of this.#network.arrivals(this.#nowMs)) {
      this.#groups[to]!.links.onFrame(from, bytes, this.#nowMs)
    }
    for (const group of this.#groups) {
      if (prng.chance(0.4)) group.runBatch()
      if (prng.chance(0.4)) this.#commit(group)
      group.links.tick(this.#nowMs)
      if (!chaos) continue
      if (prng.chance(this.#outage)) this.#network.cutOff(group.id, Math.min(this.#nowMs + prng.below(150), chaosMs))
      if (prng.chance(this.#killing)) this.#kill(group)
      else if (prng.chance(this.#powerLoss)) this.#losePower(group)
    }
    const broken = brokenSession(this.#groups, this.#excuses)
    if (broken !== undefined) this.#outcome ??= wrong(broken)
  }

  #commit(group: FakeGroup): void {
    const before = group.durable
    const stored = this.#stored[group.id]!
    const next = group.sealed[0]
    if (next === undefined) return
    stored.push(next)
    if (this.#options.durability === 'disk' || this.#prng.chance(0.2)) stored.splice(0, stored.length - 1)
    group.commitDurable(this.#nowMs)
    if (group.durable === before) throw new Error('a commit became durable, and the group does not know')
  }

  /** `kill -9`: every commit that was acknowledged is still there. One on its way may be there or not. */
  #kill(group: FakeGroup): void {
    const next = group.sealed[0]
    if (next !== undefined && this.#prng.chance(0.5)) this.#stored[group.id]!.push(next)
    this.#reopen(group)
  }

  #losePower(group: FakeGroup): void {
    const stored = this.#stored[group.id]!
    stored.splice(1 + this.#prng.below(stored.length))
    this.#powerWasLost = true
    this.#excuses.powerLost(group.id, this.#groups)
    this.#reopen(group)
  }

  #reopen(group: FakeGroup): void {
    this.#groups[group.id] = this.#open(group.id, group.epoch + 1)
  }

  #open(id: number, epoch: number): FakeGroup {
    const bugs = { ...noBugs, ...this.#options.bugs }
    return new FakeGroup(id, epoch, this.#stored[id]!.at(-1)!, {
      groupCount: this.#groupCount,
      inputsPerGroup: 12,
      bugs,
      prng: this.#prng,
      reads: (group, partition) => this.#reads(group, partition),
      send: (from, to, bytes) => this.#send(from, to, bytes),
      diverged: (from, to, error) => this.#diverged(from, to, error),
    })
  }

  #reads(group: number, partition: string): boolean {
    const reader = partitions.indexOf(partition) % this.#groupCount
    return group === reader || (group === (reader + 1) % this.#groupCount && this.#prng.chance(this.#secondReader))
  }

  #send(from: number, to: number, bytes: Uint8Array): void {
    const { kind, senderEpoch, receiverEpoch, generation } = readFrameHeader(new ByteReader(bytes))
    const receiver = this.#groups[to]
    // Before a world has all its groups, none has anything to send.
    if (receiver !== undefined && kind === FrameKind.hello) {
      this.#excuses.greets(this.#groups[from]!, receiver, `${senderEpoch}/${generation}`)
    }
    if (kind === FrameKind.data && receiver?.epoch === receiverEpoch) this.#excuses.met(from, to)
    this.#network.send(from, to, bytes, this.#nowMs)
  }

  #diverged(from: number, to: number, error: MillraceError): void {
    const excused = error.code === 'MR_LANE_DIVERGED' && this.#excuses.has(from, to)
    this.#outcome ??= excused
      ? { kind: 'refused', detail: error.message }
      : wrong(`refused without cause: ${error.message}`)
  }

  #judge(): Outcome {
    for (const group of this.#groups) {
      const detail = wrongLane(group, this.#groups) ?? wrongSource(group, this.#groups.length)
      if (detail !== undefined) return wrong(detail)
    }
    const detail = this.#powerWasLost ? undefined : wrongCut(this.#groups)
    return detail === undefined ? { kind: 'delivered', milliseconds: this.#nowMs } : wrong(detail)
  }
}

function wrong(detail: string): Outcome {
  return { kind: 'wrong', detail }
}
