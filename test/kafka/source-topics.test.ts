import { describe, expect, test } from 'vitest'
import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import { findTopic, openKafkaSource } from '../../runtime/node/kafka/source/kafka-source.ts'
import { SourceReading } from '../../runtime/ports/contracts/source-reading.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import { Proxy } from './support/proxy.ts'
import { partitionsOf, type SourceChoices } from './support/topic-under-test.ts'
import { append, batchOf, freshName, freshTopic, ledBy, recentMs, removeTopic, withAdmin } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

const numbered = (count: number, from = 0): { value: string }[] =>
  Array.from({ length: count }, (_, i) => ({ value: `record ${from + i}` }))

/** Reads the only partition of a topic. */
async function reading(
  topic: string,
  choices: SourceChoices & { readonly connect?: Proxy['connect'] } = {},
  from: Parameters<typeof partitionsOf>[4] = 'earliest',
): Promise<SourceReading> {
  let wake = (): void => undefined
  const [partition] = await partitionsOf(outside, topic, () => wake(), choices, from)
  return new SourceReading((given) => {
    wake = given
    return partition!
  })
}

async function textsOf(reading: SourceReading, next = 0, proof = ''): Promise<string[]> {
  reading.partition.seek(next, proof)
  const { records } = await reading.rest(100)
  return records.map(({ bytes }) => new TextDecoder().decode(bytes))
}

async function deleteBefore(topic: string, offset: number): Promise<void> {
  await withAdmin(outside.brokers, async (admin) => {
    // It finds the leader only of topics that it has met.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
  })
}

describe('where reading begins', () => {
  test('at the first record that is there, at the end, or at a time', async () => {
    const topic = await freshTopic(outside.client)
    await append(outside.client, topic, 0, numbered(10))
    await deleteBefore(topic, 4)
    const starts = []
    for (const from of ['earliest', 'latest', { sinceMs: recentMs }, { sinceMs: recentMs + 3_600_000 }] as const) {
      const { partition } = await reading(topic, {}, from)
      starts.push(partition.start)
      await partition.close()
    }
    expect(starts).toEqual([4, 10, 4, 10])
  })

  test('a topic that is not there fails at once, by name', async () => {
    const topic = freshName('none')
    await expect(partitionsOf(outside, topic, () => undefined)).rejects.toMatchObject({
      code: 'MR_SOURCE_FAILED',
      message: expect.stringContaining(topic) as string,
    })
  })
})

describe('records', () => {
  test('of transactions that were taken back are never given; times are those of the records', async () => {
    const { client } = outside
    const topic = await freshTopic(client)
    const producer = client.producer({ transactionalId: freshName('id'), transactionTimeoutMs: 10_000 })
    await producer.open()
    for (let i = 0; i < 10; i++) {
      await producer.send([batchOf(topic, 0, [{ value: `${i}` }, { value: `${i} too` }], 'none', recentMs + i)])
      if (i % 3 === 1) await producer.open()
      else await producer.commit()
    }
    const all = await reading(topic)
    all.partition.seek(0, '')
    const seen: [string, number][] = []
    for (let batch = await all.batch(3); batch !== undefined; batch = await all.batch(3)) {
      for (let i = 0; i < batch.count; i++) {
        const text = new TextDecoder().decode(batch.buffer.subarray(batch.starts[i], batch.ends[i]))
        seen.push([text, batch.timesMs![i]! - recentMs])
      }
    }
    const kept = [0, 2, 3, 5, 6, 8, 9]
    expect(seen).toEqual(kept.flatMap((i) => [[`${i}`, i] as const, [`${i} too`, i] as const]))
    await all.partition.close()
  })

  test('in small pieces, with little room: each once, in order', async () => {
    const topic = await freshTopic(outside.client)
    for (let i = 0; i < 20; i++) await append(outside.client, topic, 0, numbered(50, i * 50))
    const all = await reading(topic, { aheadBytes: 1, fetchBytes: 100 })
    expect(await textsOf(all)).toEqual(numbered(1_000).map(({ value }) => value))
    await all.partition.close()
  })

  test('that come while it is read to its end are left for the next run', async () => {
    const topic = await freshTopic(outside.client)
    await append(outside.client, topic, 0, numbered(10))
    const once = await reading(topic, { follow: false })
    once.partition.seek(0, '')
    const first = await once.batch(4)
    await append(outside.client, topic, 0, numbered(10, 10))
    const { records, positions } = await once.rest(100)
    expect([first!.count, records.length, once.partition.atEnd]).toEqual([4, 6, true])
    await once.partition.close()
    const { next, proof } = positions.at(-1)!
    expect(await textsOf(await reading(topic, { follow: false }), next, proof)).toEqual(
      numbered(10, 10).map(({ value }) => value),
    )
  })
})

test('connections that are cut again and again: each record once, in order', async () => {
  const topic = await freshTopic(outside.client)
  for (let i = 0; i < 40; i++) await append(outside.client, topic, 0, numbered(250, i * 250))
  await using proxy = await Proxy.start()
  const all = await reading(topic, { fetchBytes: 2_000, aheadBytes: 4_000, connect: proxy.connect })
  all.partition.seek(0, '')
  const seen: string[] = []
  for (let batch = await all.batch(50); batch !== undefined; batch = await all.batch(50)) {
    for (let i = 0; i < batch.count; i++)
      seen.push(new TextDecoder().decode(batch.buffer.subarray(batch.starts[i], batch.ends[i])))
    if (seen.length % 300 < 50) proxy.cut()
  }
  expect([all.partition.failed, seen]).toEqual([undefined, numbered(10_000).map(({ value }) => value)])
  await all.partition.close()
})

test('a connection that is slow, and cut while it is: each record once, in order', async () => {
  const topic = await freshTopic(outside.client)
  await append(outside.client, topic, 0, numbered(500))
  await using proxy = await Proxy.start()
  const all = await reading(topic, { fetchBytes: 2_000, aheadBytes: 4_000, connect: proxy.connect })
  proxy.slow({ pieceBytes: 100, pauseMs: 1 })
  all.partition.seek(0, '')
  const seen: string[] = []
  for (let batch = await all.batch(50); batch !== undefined; batch = await all.batch(50)) {
    for (let i = 0; i < batch.count; i++)
      seen.push(new TextDecoder().decode(batch.buffer.subarray(batch.starts[i], batch.ends[i])))
    if (seen.length === 200) proxy.cut()
    proxy.slow({ pieceBytes: 1 + (seen.length % 500), pauseMs: 1 })
  }
  expect([all.partition.failed, seen]).toEqual([undefined, numbered(500).map(({ value }) => value)])
  await all.partition.close()
})

describe('retention', () => {
  test('that passed what was not read is an error with a name, and nothing comes', async () => {
    const topic = await freshTopic(outside.client)
    await append(outside.client, topic, 0, numbered(30))
    const early = await reading(topic)
    early.partition.seek(0, '')
    const { next, proof } = (await early.batch(10))!
    await early.partition.close()
    await deleteBefore(topic, 20)
    const late = await reading(topic)
    late.partition.seek(next, proof)
    expect(await late.failure()).toEqual({ code: 'MR_SOURCE_EXPIRED', records: [] })
    expect(late.partition.failed!.message).toContain('offsets 10 to 19')
    await late.partition.close()
  })

  test('may be accepted: it goes on behind what is lost', async () => {
    const topic = await freshTopic(outside.client)
    await append(outside.client, topic, 0, numbered(30))
    await deleteBefore(topic, 20)
    const late = await reading(topic, { onExpired: 'skip' })
    expect(await textsOf(late, 5)).toEqual(numbered(10, 20).map(({ value }) => value))
    await late.partition.close()
  })

  test('of what was read before is no matter', async () => {
    const topic = await freshTopic(outside.client)
    await append(outside.client, topic, 0, numbered(30))
    const early = await reading(topic)
    early.partition.seek(0, '')
    const { next, proof } = (await early.batch(20))!
    await early.partition.close()
    await deleteBefore(topic, 20)
    const late = await reading(topic)
    expect(await textsOf(late, next, proof)).toEqual(numbered(10, 20).map(({ value }) => value))
    await late.partition.close()
  })
})

test('a topic that is deleted while it is read ends the source with a name', async () => {
  const topic = await freshTopic(outside.client)
  await append(outside.client, topic, 0, numbered(10))
  const all = await reading(topic, { missingMs: 200 })
  expect(await textsOf(all)).toEqual(numbered(10).map(({ value }) => value))
  await removeTopic(outside.client, outside.brokers, topic)
  expect(await all.failure()).toEqual({ code: 'MR_SOURCE_REPLACED', records: [] })
  await all.partition.close()
})

test('a topic that is made anew and filled while the record before the position is looked for', async () => {
  const { client } = outside
  const topic = await freshTopic(client)
  await append(client, topic, 0, numbered(50))
  const early = await reading(topic)
  early.partition.seek(0, '')
  const { positions } = await early.rest(50)
  await early.partition.close()
  const { next, proof } = positions.at(-1)!
  await removeTopic(client, outside.brokers, topic)
  await client.createTopic(topic, 1, {})
  await ledBy(client, topic, 1)
  const found = await findTopic(client, topic, 'earliest')
  // It is filled between the fetch that does not find the record and the question where the topic begins and ends.
  const late = openKafkaClient({ brokers: outside.brokers })
  const offsets = late.offsets.bind(late)
  late.offsets = async (...args) => {
    if ((await client.offsets(topic, [0], 'high')).get(0) === 0) await append(client, topic, 0, numbered(70, 1_000))
    return await offsets(...args)
  }
  const again = new SourceReading((wake) => {
    const options = { source: 'quotes', topic, client: late, follow: true, group: undefined, wake } as const
    const others = { isolation: 'read_committed', onExpired: 'fail', added: () => undefined, maxWaitMs: 20 } as const
    return openKafkaSource({ ...options, ...others }, found)[0]!
  })
  again.partition.seek(next, proof)
  expect(await again.failure()).toEqual({ code: 'MR_SOURCE_REPLACED', records: [] })
  await again.partition.close()
})

test('many partitions with batches that are larger than what is asked for', async () => {
  const topic = await freshTopic(outside.client, 4)
  const big = (i: number): { value: string } => ({ value: `${i}`.padEnd(150_000, 'x') })
  for (let partition = 0; partition < 4; partition++)
    for (let i = 0; i < 6; i++) await append(outside.client, topic, partition, [big(i)])
  const wakes: (() => void)[] = []
  const partitions = await partitionsOf(outside, topic, () => wakes.forEach((wake) => wake()), {
    fetchBytes: 1_000,
    aheadBytes: 1_000,
  })
  const readings = partitions.map((partition) => new SourceReading((wake) => (wakes.push(wake), partition)))
  for (let round = 0; round < 2; round++) {
    const all = await Promise.all(
      readings.map(async (reading) => {
        reading.partition.seek(0, '')
        const { records, positions } = await reading.rest(1)
        // Back to the middle, with a record to compare.
        const { next, proof } = positions[2]!
        reading.partition.seek(next, proof)
        return [...records, ...(await reading.rest(10)).records].map(({ offset }) => offset)
      }),
    )
    expect(all).toEqual(readings.map(() => [0, 1, 2, 3, 4, 5, 3, 4, 5]))
  }
  for (const partition of partitions) await partition.close()
})

test('partitions that the topic is given later are read from their first record', async () => {
  const topic = await freshTopic(outside.client)
  const added: SourcePartition[] = []
  const heard = new Promise<void>((resolve) => {
    void partitionsOf(outside, topic, () => undefined, {
      newPartitionsMs: 1,
      added: (partition) => {
        added.push(partition)
        if (added.length === 2) resolve()
      },
    }).then(async ([first]) => {
      await withAdmin(outside.brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
      added.unshift(first!)
    })
  })
  await heard
  expect(added.map(({ partition, start }) => [partition, start ?? 0])).toEqual([
    ['0', 0],
    ['1', 0],
    ['2', 0],
  ])
  await Promise.all(added.map((partition) => partition.close()))
})

test('other tools see as offsets of a group what is durable', async () => {
  const topic = await freshTopic(outside.client)
  const group = freshName('group')
  await append(outside.client, topic, 0, numbered(10))
  const all = await reading(topic, { group })
  await textsOf(all)
  all.partition.confirm(3)
  all.partition.confirm(7)
  await all.partition.close()
  expect((await outside.client.committedOffsets(group, topic, [0])).get(0)).toBe(7)
})

test('two workers share the partitions of a topic, also those that it is given later', async () => {
  const topic = await freshTopic(outside.client)
  const readers = await Promise.all(
    [0, 1].map(async (worker) => {
      const parts: SourcePartition[] = []
      const kept: { close(): Promise<void> }[] = []
      let heard = (): void => {}
      const all = new Promise<void>((resolve) => {
        heard = resolve
      })
      const opened = await partitionsOf(outside, topic, () => undefined, {
        newPartitionsMs: 1,
        reads: (partition) => partition % 2 === worker,
        keep: (source) => kept.push(source),
        added: (partition) => {
          parts.push(partition)
          if (parts.length === 2) heard()
        },
      })
      parts.unshift(...opened)
      return { parts, kept, all }
    }),
  )
  expect(readers.map(({ parts, kept }) => [parts.length, kept.length])).toEqual([
    [1, 0],
    [0, 1],
  ])
  await withAdmin(outside.brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }))
  await Promise.all(readers.map(({ all }) => all))
  expect(readers.map(({ parts }) => parts.map(({ partition }) => partition))).toEqual([
    ['0', '2'],
    ['1', '3'],
  ])
  for (const { parts, kept } of readers) for (const open of [...parts, ...kept]) await open.close()
})
