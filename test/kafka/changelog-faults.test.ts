import { describe, expect, test } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import type { ChangelogStore } from '../../runtime/changelog/changelog-store.ts'
import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import { append, readToEnd } from '../../runtime/ports/contracts/log.ts'
import {
  bytes,
  codeOf,
  commit,
  commitOf,
  key,
  numbersOf,
  openGroup,
  range,
  scan,
} from '../../runtime/ports/contracts/store-calls.ts'
import { freshChangelog, kafkaLog, LevelMachine } from './support/changelog-under-test.ts'
import { FaultyClient } from './support/faulty-client.ts'
import { Proxy } from './support/proxy.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: false })
const division = { shardCount: 4, groupCount: 2 }

const write = (epoch: number, n: number): Parameters<ChangelogStore['commit']>[0] =>
  commitOf(0, epoch, n, [[key(n), bytes(n)]], n - 3)

/** What a machine finds that has nothing but the log: each row says which commit wrote it. */
async function expectCommits(topic: string, count: number): Promise<void> {
  await using machine = await LevelMachine.make()
  const store = await machine.start(kafkaLog(outside.client, topic), { division })
  expect(numbersOf(await openGroup(store, 0)).at(-1)).toBe(count)
  expect(await scan(store, key(0), key(5_000))).toEqual(range(1, count).map((n) => [key(n), bytes(n)]))
}

describe('a commit whose outcome is not known', () => {
  test.each([
    ['answer', 21],
    ['request', 31],
  ] as const)(
    'the %s is lost: it counts once, and is appended again only where it is not there',
    async (fault, appends) => {
      const topic = await freshChangelog(outside.client, 2)
      let sends = 0
      const faulty = new FaultyClient(outside.client, (call) =>
        call === 'send' && ++sends % 3 === 0 ? fault : undefined,
      )
      await using machine = await LevelMachine.make()
      const store = await machine.start(kafkaLog(faulty, topic), { division })
      const { epoch } = await openGroup(store, 0)
      for (const n of range(1, 20)) await commit(store, write(epoch, n))
      expect(sends).toBe(appends)
      await expectCommits(topic, 20)
    },
  )

  test('connections that are cut in the middle of whatever they carry', async () => {
    const topic = await freshChangelog(outside.client, 2)
    await using proxy = await Proxy.start()
    const client = openKafkaClient({ brokers: outside.brokers, connect: proxy.connect })
    await using machine = await LevelMachine.make()
    const store = await machine.start(kafkaLog(client, topic), { division })
    const { epoch } = await openGroup(store, 0)
    const prng = new Prng(0, 5)
    for (const n of range(1, 60)) {
      const committed = commit(store, write(epoch, n))
      if (prng.chance(0.4)) proxy.cut()
      await committed
    }
    await client.close()
    await expectCommits(topic, 60)
  })
})

describe('a broker that is killed while commits are on their way', () => {
  test('what was confirmed is there, once, and the owner goes on', async () => {
    const topic = await freshChangelog(outside.client, 2)
    await using machine = await LevelMachine.make()
    const store = await machine.start(kafkaLog(outside.client, topic), { division })
    const { epoch } = await openGroup(store, 0)
    let number = 0
    for (const kills of [1, 2]) {
      const untilKill = number + 30 * kills
      let killed: Promise<void> | undefined
      while (number < untilKill + 10) {
        number += 1
        const committed = commit(store, write(epoch, number))
        if (number === untilKill) killed = outside.broker.kill().then(() => outside.broker.restart())
        await committed
      }
      await killed
    }
    await expectCommits(topic, number)
  }, 120_000)
})

describe('two that believe to own a group', () => {
  test('a claim in the middle of commits: of each number one counts, and the first owner stops', async () => {
    const topic = await freshChangelog(outside.client, 2)
    await using first = await LevelMachine.make()
    await using second = await LevelMachine.make()
    const one = await first.start(kafkaLog(outside.client, topic), { division })
    const two = await second.start(kafkaLog(outside.client, topic), { division })
    const old = await openGroup(one, 0)
    const seen = { confirmed: 0 }
    const writing = (async () => {
      for (;;) {
        const outcome = await codeOf(commit(one, write(old.epoch, seen.confirmed + 1)))
        if (outcome !== 'no error') return outcome
        seen.confirmed += 1
      }
    })()
    while (seen.confirmed < 10) await append(kafkaLog(outside.client, topic), 1, bytes(1))
    const next = await openGroup(two, 0)
    const found = numbersOf(next).at(-1)!
    for (const n of range(found + 1, found + 10)) await commit(two, write(next.epoch, n))
    expect(await writing).toBe('MR_FENCED')
    expect(seen.confirmed).toBe(found)
    await expectCommits(topic, found + 10)
  })

  test('who claims last owns, however many do', async () => {
    const topic = await freshChangelog(outside.client, 2)
    const machines = await Promise.all([1, 2, 3].map(() => LevelMachine.make()))
    const stores = await Promise.all(
      machines.map((machine) => machine.start(kafkaLog(outside.client, topic), { division })),
    )
    let number = 0
    for (let round = 0; round < 5; round++) {
      const opened = await Promise.all(stores.map((store) => openGroup(store, 0)))
      const last = Math.max(...opened.map(({ epoch }) => epoch))
      expect(new Set(opened.map(({ epoch }) => epoch)).size).toBe(3)
      const outcomes = await Promise.all(
        stores.map((store, i) => codeOf(commit(store, write(opened[i]!.epoch, number + 1)))),
      )
      expect(outcomes).toEqual(opened.map(({ epoch }) => (epoch === last ? 'no error' : 'MR_FENCED')))
      number += 1
    }
    for (const machine of machines) await machine[Symbol.asyncDispose]()
    expect((await readToEnd(kafkaLog(outside.client, topic), 0, 0)).length).toBeGreaterThanOrEqual(20)
    await expectCommits(topic, number)
  })
})
