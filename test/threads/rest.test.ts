import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { RestDetector, type RestReport } from '../../runtime/worker/rest.ts'

interface Group {
  /** What it still has to do: so many frames to send. */
  work: number
  readonly sent: number[]
  readonly received: number[]
  /** Frames that have arrived here, and how much work each brings. */
  readonly inbox: { readonly from: number; readonly work: number }[]
  said: string
}

/** Groups that send each other frames, and a channel from each to whoever looks for rest, all in an order that the seed chooses. */
class World {
  readonly groups: Group[]
  readonly #prng: Prng
  readonly #detector: RestDetector
  /** In order, per channel: frames from group to group, and what is said and asked. */
  readonly #channels = new Map<string, (() => void)[]>()
  #rounds = 0
  wasAtRest = false

  constructor(count: number, seed: number) {
    this.#prng = new Prng(seed, 1)
    this.groups = Array.from({ length: count }, () => ({
      work: this.#prng.below(4),
      sent: new Array<number>(count).fill(0),
      received: new Array<number>(count).fill(0),
      inbox: [],
      said: '',
    }))
    const ask = (): number => {
      const round = ++this.#rounds
      for (const group of this.groups.keys())
        this.#put(`main>${group}`, () => {
          const report = this.#report(group)
          this.groups[group]!.said = report.quiet ? JSON.stringify(report) : ''
          this.#put(`${group}>main`, () => this.#detector.answered(group, round, report))
        })
      return round
    }
    const atRest = (): void => {
      this.wasAtRest = true
      expect(this.groups.every(({ work, inbox }) => work === 0 && inbox.length === 0)).toBe(true)
      expect([...this.#channels].filter(([name, list]) => !name.includes('main') && list.length > 0)).toEqual([])
    }
    this.#detector = new RestDetector([...this.groups.keys()], ask, atRest)
  }

  run(): void {
    for (let steps = 0; steps < 20_000 && !this.wasAtRest; steps++) {
      const open = [...this.#channels].filter(([, list]) => list.length > 0)
      const at = this.#prng.below(open.length + this.groups.length)
      if (at < open.length) open[at]![1].shift()!()
      else this.#tick(at - open.length)
    }
  }

  #tick(at: number): void {
    const group = this.groups[at]!
    const arrival = group.inbox.shift()
    if (arrival !== undefined) {
      group.received[arrival.from]! += 1
      group.work += arrival.work
    } else if (group.work > 0) {
      group.work -= 1
      const to = this.#prng.below(this.groups.length)
      // Every frame brings less work than one, on the average: it comes to an end.
      const frame = { from: at, work: this.#prng.chance(0.6) ? 1 : 0 }
      if (to !== at) {
        group.sent[to]! += 1
        this.#put(`${at}>${to}`, () => void this.groups[to]!.inbox.push(frame))
      }
    }
    const report = this.#report(at)
    const said = report.quiet ? JSON.stringify(report) : ''
    if (said === group.said) return
    group.said = said
    this.#put(`${at}>main`, () => this.#detector.said(at, report.quiet))
  }

  #report(at: number): RestReport {
    const { work, inbox, sent, received } = this.groups[at]!
    const peers = [...this.groups.keys()].filter((peer) => peer !== at)
    return {
      quiet: work === 0 && inbox.length === 0,
      links: peers.map((peer) => ({ peer, sent: sent[peer]!, received: received[peer]! })),
    }
  }

  #put(channel: string, event: () => void): void {
    const list = this.#channels.get(channel)
    if (list === undefined) this.#channels.set(channel, [event])
    else list.push(event)
  }
}

describe('rest', () => {
  test.prop([fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 1_000_000 })], { numRuns: 500 })(
    'is found, and only when nobody has anything left and nothing is under way',
    (count, seed) => {
      const world = new World(count, seed)
      world.run()
      expect(world.wasAtRest).toBe(true)
    },
  )
})
