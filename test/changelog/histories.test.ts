import { describe, expect, test } from 'vitest'
import type { ChangelogStore } from '../../runtime/changelog/changelog-store.ts'
import { bytes, commit, key, openGroup, read, scan } from '../../runtime/ports/contracts/store-calls.ts'
import type { AppendFault } from '../../runtime/sim/sim-changelog.ts'
import { ChangelogWorld, type Machine } from './changelog-fixture.ts'

const division = { shardCount: 2, groupCount: 2 }
const faults: readonly AppendFault[] = ['lost', 'applied', 'late', 'repeated', 'refused']

/** What a commit did: a row of its own, one that all of them write, and one that is removed. */
interface Done {
  readonly tag: number
}

/** Somebody who believes to own the group, and what it believes it to be. */
interface Believer {
  readonly machine: Machine
  readonly store: ChangelogStore
  readonly epoch: number
  history: Done[]
}

class History {
  readonly world: ChangelogWorld
  /** What was confirmed, to whomever. */
  confirmed: Done[] = []
  counts = { fenced: 0, failed: 0, opened: 0, committed: 0 }
  readonly #machines: Machine[]
  #believers: Believer[] = []
  #tags = 0

  constructor(seed: number) {
    this.world = new ChangelogWorld(seed)
    this.#machines = [1, 2, 3].map(() => this.world.machine())
    this.world.fault = () => (this.world.prng.chance(0.08) ? this.world.prng.pick(faults) : undefined)
  }

  async run(steps: number): Promise<void> {
    const { prng } = this.world
    for (let i = 0; i < steps; i++) {
      const believer = this.#believers.length === 0 ? undefined : prng.pick(this.#believers)
      if (believer === undefined || prng.chance(0.06)) await this.#open(prng.pick(this.#machines))
      else if (prng.chance(0.03)) this.#kill(believer.machine)
      else if (prng.chance(0.1)) {
        const others = this.#machines.filter((machine) => machine !== believer.machine)
        await Promise.all([this.#commit(believer), this.#open(prng.pick(others))])
      } else await this.#commit(believer)
    }
    this.world.fault = () => undefined
    await this.#open(this.world.machine())
  }

  #kill(machine: Machine): void {
    machine.kill()
    this.#believers = this.#believers.filter((other) => other.machine !== machine)
  }

  async #open(machine: Machine): Promise<void> {
    this.#kill(machine)
    const store = machine.start({ division, shortenBeyondBytes: 2_000 })
    let opened: Awaited<ReturnType<typeof openGroup>>
    try {
      opened = await openGroup(store, 0)
    } catch (error) {
      expect(error).toMatchObject({ code: 'MR_STORE_FAILED' })
      this.counts.failed += 1
      return
    }
    this.counts.opened += 1
    const records = opened.records.map(({ number, record }) => ({ number, tag: record[0]! * 256 + record[1]! }))
    const number = records.at(-1)?.number ?? 0
    // Nothing is missing that was confirmed before the call; what was not may be there.
    const history = this.confirmed.slice(0, number)
    for (const found of records) history[found.number - 1] = { tag: found.tag }
    this.#check(history)
    this.#believers.push({ machine, store, epoch: opened.epoch, history })
    await this.#checkRows(store, history)
  }

  async #commit(believer: Believer): Promise<void> {
    const done = { tag: ++this.#tags }
    const number = believer.history.length + 1
    const write = {
      group: 0,
      epoch: believer.epoch,
      number,
      record: bytes(done.tag >> 8, done.tag & 0xff),
      rows: rowsOf(number, done),
      truncateBelow: number - 2,
    }
    try {
      await commit(believer.store, write)
    } catch (error) {
      this.#believers = this.#believers.filter((other) => other !== believer)
      const { code } = error as { code: string }
      expect(['MR_FENCED', 'MR_STORE_FAILED']).toContain(code)
      if (code === 'MR_FENCED') this.counts.fenced += 1
      else this.counts.failed += 1
      return
    }
    this.counts.committed += 1
    believer.history = [...believer.history, done]
    this.#check(believer.history)
  }

  /** There is one history: who knows more of it knows the same as who knows less. */
  #check(history: readonly Done[]): void {
    const common = Math.min(history.length, this.confirmed.length)
    expect(history.slice(0, common)).toEqual(this.confirmed.slice(0, common))
    if (history.length > common) this.confirmed = [...history]
  }

  async #checkRows(store: ChangelogStore, history: readonly Done[]): Promise<void> {
    const expected = new Map<string, Uint8Array>()
    history.forEach((done, i) => {
      for (const [row, value] of rowsOf(i + 1, done)) {
        if (value === undefined) expected.delete(row.join())
        else expected.set(row.join(), value)
      }
    })
    const rows = await scan(store, key(0), key(5_000))
    expect(new Map(rows.map(([row, value]) => [row.join(), value]))).toEqual(expected)
    expect(await read(store, [key(0)])).toEqual([expected.get(key(0).join())])
  }
}

function rowsOf(number: number, { tag }: Done): (readonly [Uint8Array, Uint8Array | undefined])[] {
  return [
    [key(0), bytes(tag >> 8, tag & 0xff)],
    [key(number), bytes(tag >> 8, tag & 0xff, 1)],
    [key(number - 5 <= 0 ? 4_000 : number - 5), undefined],
  ]
}

const seeds = Array.from({ length: 40 }, (_, i) => i + 1)

describe('owners that overlap, appends that get lost, come late and twice, and machines that die', () => {
  test.each(seeds)('seed %i: there is one history, and nothing confirmed is missing from it', async (seed) => {
    const history = new History(seed)
    await history.run(150)
    expect(history.counts.committed).toBeGreaterThan(30)
  })

  test('all of it has happened', async () => {
    const totals = { fenced: 0, failed: 0, opened: 0, committed: 0 }
    let shortened = 0
    for (const seed of [101, 102, 103]) {
      const history = new History(seed)
      await history.run(150)
      for (const name of ['fenced', 'failed', 'opened', 'committed'] as const) totals[name] += history.counts[name]
      shortened += history.world.brokers.partition(0).low > 0 ? 1 : 0
    }
    expect(Math.min(totals.fenced, totals.failed, totals.opened, shortened)).toBeGreaterThan(2)
  })
})
