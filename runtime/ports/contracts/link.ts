import type { Links } from '../link.ts'
import type { ContractKit } from './kit.ts'

/** Two or more groups that can reach each other. */
export interface LinksUnderTest {
  /** The end of a group, 0, 1 or 2. */
  readonly ends: readonly Links[]
  /** Resolves when everything that was sent has arrived. */
  settle(): Promise<void>
  /** How often the group was woken. */
  wakes(group: number): number
  /** The group is gone. */
  lose(group: number): Promise<void>
  /** It has come back as another incarnation, with an end of its own in `ends`, and the others can find it. */
  reopen(group: number): Promise<void>
  dispose(): Promise<void>
}

/** Every rule of runtime/ports/link.ts as tests. `fresh` links three groups, and loses nothing by itself. */
export function linkContract(name: string, kit: ContractKit, fresh: () => Promise<LinksUnderTest>): void {
  const { describe, test, expect } = kit

  const using = (title: string, body: (links: LinksUnderTest) => Promise<void>): void => {
    test(title, async () => {
      const links = await fresh()
      try {
        await body(links)
      } finally {
        await links.dispose()
      }
    })
  }

  const taken = (links: Links): (readonly [peer: number, bytes: number[]])[] => {
    const all: (readonly [number, number[]])[] = []
    for (let arrival = links.poll(); arrival !== undefined; arrival = links.poll())
      all.push([arrival.peer, [...arrival.frame]])
    return all
  }

  describe(`links: ${name}`, () => {
    using('N1, N3: frames arrive whole, each with the name of its sender', async (links) => {
      const [first, second, third] = links.ends
      for (let i = 0; i < 50; i++) {
        first!.send(2, Uint8Array.of(1, i))
        second!.send(2, new Uint8Array(i).fill(2))
      }
      await links.settle()
      const frames = taken(third!)
      // Their order is not promised.
      const from = (sender: number): string[] =>
        frames.flatMap(([peer, bytes]) => (peer === sender ? bytes.join() : [])).sort()
      expect(from(0)).toEqual(
        range(50)
          .map((i) => [1, i].join())
          .sort(),
      )
      expect(from(1)).toEqual(
        range(50)
          .map((i) =>
            range(i)
              .map(() => 2)
              .join(),
          )
          .sort(),
      )
      expect(third!.poll()).toBe(undefined)
      expect(taken(first!)).toEqual([])
    })

    using('N1: a frame may be part of a larger buffer, of which nothing else is touched', async (links) => {
      const [first, second] = links.ends
      const whole = Uint8Array.of(9, 1, 2, 3, 9)
      first!.send(1, whole.subarray(1, 4))
      await links.settle()
      expect(taken(second!)).toEqual([[0, [1, 2, 3]]])
      expect([...whole]).toEqual([9, 1, 2, 3, 9])
    })

    using('N1: large frames too', async (links) => {
      const [first, second] = links.ends
      const large = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
      first!.send(1, large.slice())
      await links.settle()
      const arrival = second!.poll()
      expect(arrival?.frame.length).toBe(300_000)
      expect(arrival?.frame.every((byte, i) => byte === i % 251)).toBe(true)
    })

    using('N3: the bytes belong to the receiver', async (links) => {
      const [first, second, third] = links.ends
      const frame = Uint8Array.of(1, 2, 3)
      first!.send(1, frame.slice())
      first!.send(2, frame.slice())
      await links.settle()
      second!.poll()!.frame.fill(0)
      expect(taken(third!)).toEqual([[0, [1, 2, 3]]])
    })

    using('N2: a peer that is gone is silence, and so is one that never was', async (links) => {
      const [first, second] = links.ends
      await links.lose(2)
      first!.send(2, Uint8Array.of(1))
      first!.send(17, Uint8Array.of(1))
      first!.send(1, Uint8Array.of(2))
      await links.settle()
      expect(taken(second!)).toEqual([[0, [2]]])
    })

    using('N2: one that has come back is reached again, and reaches others', async (links) => {
      const [first] = links.ends
      first!.send(2, Uint8Array.of(1))
      await links.settle()
      await links.lose(2)
      first!.send(2, Uint8Array.of(2))
      await links.settle()
      await links.reopen(2)
      first!.send(2, Uint8Array.of(3))
      links.ends[2]!.send(0, Uint8Array.of(4))
      await links.settle()
      expect(taken(links.ends[2]!)).toEqual([[0, [3]]])
      expect(taken(first!)).toEqual([[2, [4]]])
    })

    using('N3: one that nobody polls for a while keeps what came', async (links) => {
      const [first, second, third] = links.ends
      for (let i = 0; i < 500; i++) first!.send(1, Uint8Array.of(i % 256, i >> 8))
      third!.send(1, Uint8Array.of(7))
      await links.settle()
      expect(taken(second!).length).toBe(501)
      first!.send(1, Uint8Array.of(1))
      await links.settle()
      expect(taken(second!)).toEqual([[0, [1]]])
    })

    using('N4: an arrival wakes its receiver, and nobody else', async (links) => {
      const before = [0, 1, 2].map((group) => links.wakes(group))
      links.ends[0]!.send(1, Uint8Array.of(1))
      await links.settle()
      expect(links.wakes(1) > before[1]!).toBe(true)
      expect([links.wakes(0), links.wakes(2)]).toEqual([before[0], before[2]])
    })
  })
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
