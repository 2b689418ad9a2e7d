import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { PortLinks } from '../../runtime/node/threads/port-links.ts'
import { linkContract, type LinksUnderTest } from '../../runtime/ports/contracts/link.ts'
import { Faults } from '../../runtime/sim/faults.ts'
import { Scheduler } from '../../runtime/sim/scheduler.ts'
import { SimLinks, SimNetwork } from '../../runtime/sim/sim-links.ts'

const groups = [0, 1, 2]
const kit = { describe, test, expect }

function connect(a: { group: number; links: PortLinks }, b: { group: number; links: PortLinks }): void {
  const { port1, port2 } = new MessageChannel()
  a.links.connect(b.group, port1)
  b.links.connect(a.group, port2)
}

linkContract('between threads', kit, async (): Promise<LinksUnderTest> => {
  const wakes = [0, 0, 0]
  const open = (group: number): PortLinks => new PortLinks(() => (wakes[group]! += 1))
  const ends = groups.map(open)
  const join = (a: number, b: number): void => connect({ group: a, links: ends[a]! }, { group: b, links: ends[b]! })
  for (const a of groups) for (const b of groups) if (a < b) join(a, b)
  const gone = new Set<number>()
  /** Of connections that are no more. */
  let before = 0
  const sentToLiving = (): number => {
    const counts = ends.flatMap((links) => links.counts)
    return counts.reduce((sum, { peer, sent }) => sum + (gone.has(peer) ? 0 : sent), 0)
  }
  return {
    ends,
    wakes: (group) => wakes[group]!,
    settle: async () => {
      while (wakes[0]! + wakes[1]! + wakes[2]! - before < sentToLiving()) await turn()
    },
    lose: async (group) => {
      gone.add(group)
      ends[group]!.close()
    },
    reopen: async (group) => {
      ends[group] = open(group)
      gone.delete(group)
      for (const other of groups) if (other !== group) join(group, other)
      before = wakes[0]! + wakes[1]! + wakes[2]! - sentToLiving()
    },
    dispose: async () => ends.forEach((links) => links.close()),
  }
})

linkContract('simulated', kit, async (): Promise<LinksUnderTest> => {
  const prng = new Prng(1, 1)
  const scheduler = new Scheduler(prng, 0)
  const wakes = [0, 0, 0]
  const ends: SimLinks[] = []
  const living = new Set(groups)
  const network = new SimNetwork({
    scheduler,
    faults: new Faults(prng, { kinds: [], often: [], skip: new Set() }),
    delays: () => ({ typicalMs: 5, slowChance: 0, slowMs: 0 }),
    ends: () => ends.filter(({ group }) => living.has(group)),
    pick: (list) => prng.pick(list),
  })
  for (const group of groups) ends.push(new SimLinks(group, network, () => (wakes[group]! += 1)))
  return {
    ends,
    wakes: (group) => wakes[group]!,
    settle: async () => {
      for (let event = scheduler.next(); event !== undefined; event = scheduler.next()) event.run()
    },
    lose: async (group) => void living.delete(group),
    reopen: async (group) => {
      ends[group] = new SimLinks(group, network, () => (wakes[group]! += 1))
      living.add(group)
    },
    dispose: async () => undefined,
  }
})

describe('a thread that is replaced', () => {
  test('is connected anew: counts begin again, and what was under way is lost', async () => {
    const woken = { times: 0 }
    const first = { group: 0, links: new PortLinks(() => undefined) }
    const old = { group: 1, links: new PortLinks(() => (woken.times += 1)) }
    connect(first, old)
    first.links.send(1, Uint8Array.of(1))
    while (woken.times === 0) await turn()
    expect(old.links.counts).toEqual([{ peer: 0, sent: 0, received: 0 }])
    old.links.poll()
    expect(old.links.counts).toEqual([{ peer: 0, sent: 0, received: 1 }])
    old.links.send(0, Uint8Array.of(7))
    const young = { group: 1, links: new PortLinks(() => (woken.times += 1)) }
    connect(first, young)
    expect(first.links.counts).toEqual([{ peer: 1, sent: 0, received: 0 }])
    first.links.send(1, Uint8Array.of(2))
    while (woken.times < 2) await turn()
    expect([...young.links.poll()!.frame]).toEqual([2])
    expect(first.links.poll()).toBeUndefined()
    for (const { links } of [first, old, young]) links.close()
  })
})
