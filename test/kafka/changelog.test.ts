import { describe, expect, test } from 'vitest'
import { prepareChangelogTopic } from '../../runtime/node/kafka/changelog/prepare-topic.ts'
import { append, logContract } from '../../runtime/ports/contracts/log.ts'
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
import { storeContract } from '../../runtime/ports/contracts/store.ts'
import type { Log } from '../../runtime/ports/log.ts'
import { freshChangelog, kafkaLog, LevelMachine, patienceMs } from './support/changelog-under-test.ts'
import { freshName, freshTopic } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

describe('a topic as a log', () => {
  logContract({ describe, test, expect }, async () => {
    const topic = await freshChangelog(outside.client, 2)
    return { open: async () => kafkaLog(outside.client, topic), dispose: async () => undefined }
  })

  test('what is too large is refused for certain', async () => {
    const topic = await freshTopic(outside.client, 1, { 'max.message.bytes': '1000' })
    const refused = append(kafkaLog(outside.client, topic), 0, new Uint8Array(2_000)).catch((error: unknown) => error)
    expect(await refused).toMatchObject({ code: 'MR_STORE_FAILED', certain: true })
  })
})

describe('the store on a changelog in Kafka', () => {
  storeContract({ describe, test, expect }, async () => {
    const topic = await freshChangelog(outside.client, 10)
    const machine = await LevelMachine.make()
    return {
      open: () => machine.start(inTen(kafkaLog(outside.client, topic))),
      close: () => machine.stop(),
      dispose: () => machine[Symbol.asyncDispose](),
    }
  })

  test('S4: a machine without a copy takes a group over, and the former owner is fenced', async () => {
    const topic = await freshChangelog(outside.client, 2)
    await using first = await LevelMachine.make()
    await using second = await LevelMachine.make()
    const division = { shardCount: 4, groupCount: 2 }
    const one = await first.start(kafkaLog(outside.client, topic), { division })
    const old = await openGroup(one, 0)
    for (const n of range(1, 20)) await commit(one, commitOf(0, old.epoch, n, [[key(n), bytes(n)]], n - 3))
    const two = await second.start(kafkaLog(outside.client, topic), { division })
    const opened = await openGroup(two, 0)
    expect(numbersOf(opened)).toEqual([17, 18, 19, 20])
    expect(await codeOf(commit(one, commitOf(0, old.epoch, 21, [[key(1), undefined]])))).toBe('MR_FENCED')
    await commit(two, commitOf(0, opened.epoch, 21, [[key(2), undefined]]))
    const back = await openGroup(one, 0)
    expect(numbersOf(back).at(-1)).toBe(21)
    expect((await scan(one, key(0), key(99))).map(([k]) => k)).toEqual([1, ...range(3, 20)].map((n) => key(n)))
  })

  test('a changelog is shortened, and read by a machine without a copy', async () => {
    const topic = await freshChangelog(outside.client, 1)
    await using first = await LevelMachine.make()
    await using second = await LevelMachine.make()
    const options = { division: { shardCount: 2, groupCount: 1 }, shortenBeyondBytes: 20_000 }
    const one = await first.start(kafkaLog(outside.client, topic), options)
    const { epoch } = await openGroup(one, 0)
    const value = new Uint8Array(500)
    for (const n of range(1, 200)) await commit(one, commitOf(0, epoch, n, [[key(n % 10), value.fill(n)]], n))
    // The last shortening may be under way.
    const low = (await outside.client.offsets(topic, [0], 'low')).get(0)!
    const end = (await outside.client.offsets(topic, [0], 'high')).get(0)!
    expect(low).toBeGreaterThan(50)
    expect(end).toBeGreaterThan(200)
    const two = await second.start(kafkaLog(outside.client, topic), options)
    expect(numbersOf(await openGroup(two, 0))).toEqual([200])
    const rows = await scan(two, key(0), key(99))
    expect(rows.map(([, bytes]) => bytes[0])).toEqual([200, ...range(191, 199)])
  })
})

describe('what is checked of a topic', () => {
  const wanted = { groupCount: 2, inSyncReplicas: 1, patienceMs }

  test('it is made when it is not there, and found by the next one', async () => {
    const topic = freshName('made')
    await prepareChangelogTopic(outside.client, { ...wanted, topic })
    await prepareChangelogTopic(outside.client, { ...wanted, topic })
    expect((await outside.client.partitions(topic)).size).toBe(2)
    expect(await outside.client.topicSetting(topic, 'retention.ms')).toBe('-1')
  })

  test.each([
    ['cleanup.policy', 'compact'],
    ['retention.ms', '1000000'],
    ['unclean.leader.election.enable', 'true'],
    ['max.message.bytes', '1000000'],
  ])('%s=%s is refused', async (name, value) => {
    const safe = { 'retention.ms': '-1', 'max.message.bytes': '70000000' }
    const topic = await freshTopic(outside.client, 2, { ...safe, [name]: value })
    await expect(prepareChangelogTopic(outside.client, { ...wanted, topic })).rejects.toThrow(name)
  })

  test('another number of partitions, and fewer replicas than are asked for', async () => {
    const topic = await freshChangelog(outside.client, 3)
    expect(await codeOf(prepareChangelogTopic(outside.client, { ...wanted, topic }))).toBe('MR_SHARD_MAP_DIFFERS')
    const two = { ...wanted, groupCount: 3, topic, inSyncReplicas: 2 }
    await expect(prepareChangelogTopic(outside.client, two)).rejects.toThrow('min.insync.replicas is 1')
  })
})

/** The contract opens a group with the highest number there is. */
function inTen(log: Log): Log {
  return {
    append: (group, record, done) => log.append(group % 10, record, done),
    read: (group, from, done) => log.read(group % 10, from, done),
    deleteBefore: (group, offset, done) => log.deleteBefore(group % 10, offset, done),
  }
}
