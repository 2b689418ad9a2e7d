import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js'
import { generate } from 'selfsigned'
import { describe, expect, test } from 'vitest'
import type { MillraceError } from '../../runtime/base/errors.ts'
import { maxStreamMessageBytes } from '../../runtime/base/limits.ts'
import type { Membership } from '../../runtime/node/grpc/identity.ts'
import type { GroupLinks } from '../../runtime/node/grpc/group-links.ts'
import { eventually } from '../support/eventually.ts'
import { membership } from './support/process-links-under-test.ts'
import { frameOf, Processes, sayUntilHeard } from './support/two-processes.ts'

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('processes', () => {
  test('have one stream between them, also when both begin one at the same moment, and lose nothing over it', async () => {
    for (let round = 0; round < 20; round++) {
      await using all = new Processes()
      const a = await all.side(0, 'a')
      const b = await all.side(1, 'b')
      for (const i of range(200)) {
        a.links.send(1, frameOf(i))
        b.links.send(0, frameOf(i))
      }
      await eventually(() => a.numbers.length === 200 && b.numbers.length === 200)
      const sorted = (numbers: number[]): number[] => numbers.toSorted((x, y) => x - y)
      expect([sorted(a.numbers), sorted(b.numbers)]).toEqual([range(200), range(200)])
      await eventually(() => [a, b].every(({ process }) => process.peers[0]!.streams === 1))
      expect([...a.process.peers, ...b.process.peers].map(({ state, dropped }) => [state, dropped])).toEqual([
        ['open', 0],
        ['open', 0],
      ])
    }
  })

  test('share a stream among all their groups', async () => {
    await using all = new Processes()
    const one = await all.process('one')
    const two = await all.process('two')
    const here = [0, 1, 2].map((group) => all.join(group, 'one', one))
    const there = [3, 4, 5].map((group) => all.join(group, 'two', two))
    for (const [i, side] of here.entries()) for (const group of range(6)) side.links.send(group, frameOf(i))
    await eventually(() => [...here, ...there].every(({ numbers }) => numbers.length === 3))
    for (const { numbers } of [...here, ...there]) expect(new Set(numbers)).toEqual(new Set([0, 1, 2]))
    expect(one.peers.map(({ incarnation, streams, begun }) => [incarnation, streams, begun])).toEqual([['two', 1, 1]])
    expect(two.peers.map(({ incarnation, streams, begun }) => [incarnation, streams, begun])).toEqual([['one', 1, 0]])
  })

  test('a group that has moved is found where it is; what comes to the old place is dropped', async () => {
    await using all = new Processes()
    const a = await all.side(0, 'a')
    const old = await all.side(1, 'old')
    const said = await sayUntilHeard(a, 1, old, 1)
    await eventually(() => old.numbers.length === said)
    old.process.leave(1)
    a.links.send(1, frameOf(2))
    await eventually(() => old.process.strays === 1)
    const young = await all.side(1, 'young')
    await sayUntilHeard(a, 1, young, 3)
    await sayUntilHeard(young, 0, a, 4)
    expect([new Set(old.numbers), young.numbers.includes(2)]).toEqual([new Set([1]), false])
    const home = all.join(1, 'a', a.process)
    a.links.send(1, frameOf(5))
    expect(home.numbers).toEqual([5])
  })

  test('nobody is found behind the address of a process that was replaced, and little is tried', async () => {
    await using all = new Processes()
    const a = await all.side(0, 'a')
    const b = await all.side(1, 'b')
    const { address } = all.places.get(1)!
    all.places.set(1, { address, incarnation: 'gone' })
    for (let said = 0; said < 100; said++) {
      a.links.send(1, frameOf(said))
      await eventually(() => a.process.peers[0]!.state === 'closed')
    }
    expect(b.numbers).toEqual([])
    const { begun, dropped, waitingBytes } = a.process.peers[0]!
    expect(begun).toBeLessThan(12)
    expect([dropped, waitingBytes]).toEqual([100, 0])
    all.places.set(1, { address, incarnation: 'b' })
    await sayUntilHeard(a, 1, b, 200)
  })

  test('a frame that is larger than any message may be is dropped alone', async () => {
    await using all = new Processes()
    const a = await all.side(0, 'a')
    const b = await all.side(1, 'b')
    await sayUntilHeard(a, 1, b, 1)
    const { dropped } = a.process.peers[0]!
    a.links.send(1, new Uint8Array(maxStreamMessageBytes))
    a.links.send(1, frameOf(2))
    await eventually(() => b.numbers.includes(2))
    expect(a.process.peers[0]).toMatchObject({ dropped: dropped + 1, begun: 1 })
  })

  test('a process that is nowhere is silence', async () => {
    await using all = new Processes()
    const a = await all.side(0, 'a')
    const b = await all.side(1, 'b')
    b.process.close()
    a.links.send(1, frameOf(1))
    a.links.send(7, frameOf(1))
    await eventually(() => a.process.peers[0]!.state === 'closed')
    expect(a.process.peers[0]).toMatchObject({ incarnation: 'b', dropped: 1, waitingBytes: 0 })
  })

  test('a process that closes keeps no connection that another has made', async () => {
    await using all = new Processes()
    const a = await all.side(0, 'a')
    const b = await all.side(1, 'b')
    await sayUntilHeard(a, 1, b, 1)
    b.process.close()
    await eventually(() => a.process.peers[0]!.state === 'closed')
    expect(a.process.peers[0]).toMatchObject({ incarnation: 'b', begun: 1 })
  })

  test('a port that is taken is said at once', async () => {
    await using all = new Processes()
    const { port } = await all.process('a')
    await expect(all.process('b', { port })).rejects.toMatchObject({
      code: 'MR_LISTEN_FAILED',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    })
  })
})

describe('a stranger', () => {
  const others: Record<string, [Partial<Membership>, string]> = {
    'another application': [{ application: 'shop' }, 'has the application "shop", and this one "bank"'],
    'other data': [{ data: 'd2' }, 'has the data "d2", and this one "d1"'],
    'another number of shards': [{ shardCount: 16 }, 'has a number of shards of "16", and this one "8"'],
    'another program': [{ program: 'p2' }, 'has the program "p2", and this one "p1"'],
  }
  test.each(Object.entries(others))('%s is refused by both, and named once', async (_, [other, text]) => {
    await using all = new Processes()
    const refused: MillraceError[] = []
    const refusedThere: MillraceError[] = []
    const a = await all.side(0, 'a', { refused: (error) => refused.push(error) })
    const b = await all.side(1, 'b', {
      identity: { ...membership, ...other, incarnation: 'b' },
      refused: (error) => refusedThere.push(error),
    })
    a.links.send(1, frameOf(1))
    await eventually(() => refused.length === 1)
    b.links.send(0, frameOf(1))
    await eventually(() => refusedThere.length === 1)
    for (let i = 0; i < 20; i++) a.links.send(1, frameOf(2))
    await eventually(() => a.process.peers[0]!.streams === 0)
    expect(refused.map(({ code, next }) => [code, next.length > 40])).toEqual([['MR_PEER_REFUSED', true]])
    expect(refused[0]!.message).toContain(text)
    expect(refused[0]!.message).toContain(all.places.get(1)!.address)
    expect(refusedThere[0]!.message).toContain(all.places.get(0)!.address)
    expect([a.numbers, b.numbers]).toEqual([[], []])
    expect(a.process.peers[0]).toMatchObject({ state: 'refused', dropped: 21, begun: 1 })
  })
})

describe('TLS', () => {
  const certified = async () => generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2_048 })

  test('is what the credentials make it, and nobody comes in without', async () => {
    const { cert, private: key } = await certified()
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) }
    const credentials = {
      server: ServerCredentials.createSsl(Buffer.from(cert), [pair], true),
      channel: ChannelCredentials.createSsl(Buffer.from(cert), Buffer.from(key), Buffer.from(cert)),
    }
    await using all = new Processes()
    const a = await all.side(0, 'a', { credentials })
    const b = await all.side(1, 'b', { credentials })
    const plain = await all.side(2, 'plain')
    for (const [group, side] of [a, b, plain].entries()) {
      const { incarnation } = all.places.get(group)!
      all.places.set(group, { address: `localhost:${side.process.port}`, incarnation })
    }
    await sayUntilHeard(a, 1, b, 1)
    await sayUntilHeard(b, 0, a, 2)
    plain.links.send(0, frameOf(3))
    await eventually(() => plain.process.peers[0]!.state === 'closed')
    expect([a.numbers.includes(3), plain.process.peers[0]!.dropped]).toEqual([false, 1])
  })
})

test('frames for a group are kept only up to a limit while nobody polls', async () => {
  await using all = new Processes()
  const a = await all.side(0, 'a')
  let woken = 0
  const idle: GroupLinks = a.process.join(1, () => (woken += 1))
  for (let i = 0; i < 1_000; i++) a.links.send(1, new Uint8Array(100_000))
  let bytes = 0
  for (let arrival = idle.poll(); arrival !== undefined; arrival = idle.poll()) bytes += arrival.frame.length
  expect(bytes / (1 << 20)).toBeGreaterThan(31)
  expect(bytes / (1 << 20)).toBeLessThanOrEqual(32)
  expect(woken).toBe(Math.round(bytes / 100_000))
})
