import { describe, expect, test } from 'vitest'
import type { FetchedPartition, Isolation, KafkaClient, KafkaProducer } from '../../runtime/node/kafka/client.ts'
import { isFenced, isRetriable } from '../../runtime/node/kafka/failure.ts'
import type { Connect } from '../../runtime/node/kafka/connection.ts'
import { patiently } from '../../runtime/node/patiently.ts'
import { failureOf } from './support/failure-of.ts'
import { Proxy } from './support/proxy.ts'
import { append, batchOf, contentOf, freshName, freshTopic, ledBy, recentMs } from './support/topics.ts'

const valuesOf = async (client: KafkaClient, topic: string, partition = 0): Promise<string[]> =>
  (await contentOf(client, topic, partition)).map(({ value }) => value)

async function fetchAt(
  client: KafkaClient,
  topic: string,
  offset: number,
  options: { maxWaitMs?: number; maxBytes?: number; isolation?: Isolation } = {},
): Promise<FetchedPartition> {
  const { maxWaitMs = 0, maxBytes = 1 << 20, isolation = 'read_committed' } = options
  const node = (await client.partitions(topic)).get(0)!
  const [fetched] = await client.fetch(node, {
    topic,
    wants: [{ partition: 0, offset, maxBytes }],
    maxWaitMs,
    maxBytes: 1 << 20,
    isolation,
  })
  return fetched!
}

async function transactional(client: KafkaClient, id: string): Promise<KafkaProducer> {
  const producer = client.producer({ transactionalId: id, transactionTimeoutMs: 10_000 })
  await producer.open()
  return producer
}

/** Every rule of runtime/node/kafka/client.ts as tests, against a real broker, on connections that `connect` makes. */
export function clientContract(open: (via?: Connect) => KafkaClient, connect: Connect): void {
  const using = (name: string, body: (client: KafkaClient) => Promise<void>): void =>
    test(name, async () => {
      const client = open()
      try {
        await body(client)
      } finally {
        await client.close()
      }
    })

  describe('topics', () => {
    using('lose the records before an offset when they are told to, and no others', async (client) => {
      const topic = await freshTopic(client)
      await append(client, topic, 0, [{ value: 'a' }, { value: 'b' }, { value: 'c' }])
      await client.deleteRecords(topic, 0, 2)
      expect(await client.offsets(topic, [0], 'low')).toEqual(new Map([[0, 2]]))
      expect((await contentOf(client, topic, 0, 2)).map(({ value }) => value)).toEqual(['c'])
      const beyond = await failureOf(client.deleteRecords(topic, 0, 4))
      expect([beyond.kind, beyond.retriable]).toEqual(['OFFSET_OUT_OF_RANGE', false])
    })

    using('are made with what was asked for, once', async (client) => {
      const topic = freshName('made')
      const settings = { 'cleanup.policy': 'compact' }
      expect(await client.createTopic(topic, 3, settings)).toBe(false)
      await ledBy(client, topic, 3)
      expect(await client.createTopic(topic, 3, settings)).toBe(true)
      expect(new Set((await client.partitions(topic)).keys())).toEqual(new Set([0, 1, 2]))
      expect(await client.topicSetting(topic, 'cleanup.policy')).toBe('compact')
    })

    using('one that is not there has no partitions, and says so (C1)', async (client) => {
      expect((await failureOf(client.partitions(freshName('none')))).kind).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    })

    using('offsets: the first, the end, and since a time', async (client) => {
      const topic = await freshTopic(client, 2)
      await append(client, topic, 1, [{ value: 'a' }, { value: 'b' }])
      const ends = await client.offsets(topic, [0, 1], 'high')
      expect([ends.get(0), ends.get(1)]).toEqual([0, 2])
      expect((await client.offsets(topic, [1], 'low')).get(1)).toBe(0)
      expect((await client.offsets(topic, [1], { sinceMs: 1 })).get(1)).toBe(0)
      expect((await client.offsets(topic, [1], { sinceMs: Date.now() + 60_000 })).get(1)).toBe(2)
    })
  })

  describe('reading', () => {
    using('gives what was written, from any offset: keys, values, times (C2)', async (client) => {
      const topic = await freshTopic(client)
      const producer = client.producer({ transactionalId: undefined, transactionTimeoutMs: 10_000 })
      await producer.open()
      const records = Array.from({ length: 500 }, (_, i) => ({
        ...(i % 3 === 0 ? {} : { key: `k${i}` }),
        value: `${i}:`.padEnd(1 + ((i * 37) % 300), 'x'),
        headers: i % 50 === 0 ? [{ name: 'number', value: String(i) }] : [],
      }))
      await producer.send([batchOf(topic, 0, records.slice(0, 200))])
      await producer.send([batchOf(topic, 0, records.slice(200, 400), 'gzip')])
      await producer.send([batchOf(topic, 0, records.slice(400))])
      for (const from of [0, 1, 199, 200, 201, 399, 400, 499]) {
        const seen = await contentOf(client, topic, 0, from)
        expect(seen.map(({ offset }) => offset)).toEqual(records.slice(from).map((_, i) => from + i))
        expect(seen.map(({ key, value }) => [key, value])).toEqual(
          records.slice(from).map((record) => ['key' in record ? record.key : undefined, record.value]),
        )
        expect(new Set(seen.map(({ timeMs }) => timeMs))).toEqual(new Set([recentMs]))
      }
    })

    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      using(`gives what a broker has packed with ${codec} (C2)`, async (client) => {
        const topic = await freshTopic(client, 1, { 'compression.type': codec })
        const values = Array.from({ length: 300 }, (_, i) => `${i}:`.padEnd(1 + ((i * 371) % 2_000), `${i * i},`))
        for (const part of [values.slice(0, 1), values.slice(1, 50), values.slice(50)])
          await append(
            client,
            topic,
            0,
            part.map((value) => ({ value })),
          )
        expect(await valuesOf(client, topic)).toEqual(values)
      })
    }

    using('a large record comes whole, whatever was allowed', async (client) => {
      const topic = await freshTopic(client)
      const value = 'x'.repeat(900_000)
      await append(client, topic, 0, [{ value }])
      const { columns, next } = await fetchAt(client, topic, 0, { maxBytes: 1_000 })
      expect([columns[0]!.ends[0]! - columns[0]!.starts[0]!, next]).toEqual([900_000, 1])
    })

    using('an offset that is not there is refused, not moved (C2)', async (client) => {
      const topic = await freshTopic(client)
      await append(client, topic, 0, [{ value: 'a' }])
      expect((await fetchAt(client, topic, 7)).failure?.kind).toBe('OFFSET_OUT_OF_RANGE')
      const atEnd = await fetchAt(client, topic, 1)
      expect([atEnd.failure, atEnd.columns, atEnd.next, atEnd.end, atEnd.low]).toEqual([undefined, [], 1, 1, 0])
    })

    using('waits at the end for what comes', async (client) => {
      const topic = await freshTopic(client)
      const waiting = (async () => {
        for (;;) {
          const { columns } = await fetchAt(client, topic, 0, { maxWaitMs: 10_000 })
          if (columns.length > 0) return columns[0]!.offsets
        }
      })()
      await append(client, topic, 0, [{ value: 'late' }])
      expect(await waiting).toEqual([0])
    })

    using('what was given stays as it was (C3)', async (client) => {
      const topic = await freshTopic(client)
      const held = []
      for (let i = 0; i < 10; i++) {
        await append(client, topic, 0, [{ value: `value ${i} ${'y'.repeat(i * 100)}` }])
        const { buffer } = (await fetchAt(client, topic, i)).columns[0]!
        held.push({ buffer, copy: Uint8Array.from(buffer) })
      }
      for (const { buffer, copy } of held) expect(Buffer.compare(buffer, copy)).toBe(0)
    })
  })

  describe('transactions', () => {
    using('are seen when they are committed, and only by their end (C2)', async (client) => {
      const topic = await freshTopic(client)
      const producer = await transactional(client, freshName('id'))
      await producer.send([batchOf(topic, 0, [{ value: 'a' }])])
      const open = await fetchAt(client, topic, 0)
      expect([open.end, open.next, open.columns]).toEqual([0, 0, []])
      expect((await fetchAt(client, topic, 0, { isolation: 'read_uncommitted' })).end).toBe(1)
      await producer.commit()
      await producer.send([batchOf(topic, 0, [{ value: 'b' }, { value: 'c' }])])
      await producer.commit()
      expect(await valuesOf(client, topic)).toEqual(['a', 'b', 'c'])
    })

    using('over several topics and partitions are one', async (client) => {
      const [one, other] = [await freshTopic(client, 2), await freshTopic(client)]
      const producer = await transactional(client, freshName('id'))
      for (let i = 0; i < 20; i++) {
        const batches = [batchOf(one, i % 2, [{ value: `${i}` }]), batchOf(other, 0, [{ value: `${i}` }])]
        const sent = (await producer.send(batches)).map(({ topic, partition }) => [topic, partition])
        expect(new Map(sent as [string, number][])).toEqual(new Map([[one, i % 2], [other, 0]])) // biome-ignore format: a pair a line says less
        await producer.commit()
      }
      expect(await valuesOf(client, other)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`))
      for (const partition of [0, 1])
        expect(await valuesOf(client, one, partition)).toEqual(
          Array.from({ length: 10 }, (_, i) => `${2 * i + partition}`),
        )
    })

    using('of a predecessor are taken back, and it is fenced (W1)', async (client) => {
      const topic = await freshTopic(client)
      const id = freshName('id')
      const older = await transactional(client, id)
      await older.send([batchOf(topic, 0, [{ value: 'kept' }])])
      await older.commit()
      await older.send([batchOf(topic, 0, [{ value: 'half' }, { value: 'done' }])])
      const newer = await transactional(client, id)
      expect(isFenced(await failureOf(older.commit()))).toBe(true)
      await newer.send([batchOf(topic, 0, [{ value: 'next' }])])
      await newer.commit()
      expect(await valuesOf(client, topic)).toEqual(['kept', 'next'])
      expect(isFenced(await failureOf(older.send([batchOf(topic, 0, [{ value: 'late' }])])))).toBe(true)
    })

    using('that were taken back and those that were not, of several writers at once (C2)', async (client) => {
      const topic = await freshTopic(client)
      const expected: string[] = []
      const ids = [freshName('id'), freshName('id'), freshName('id')]
      const producers = await Promise.all(ids.map((id) => transactional(client, id)))
      for (let round = 0; round < 8; round++) {
        for (let part = 0; part < 3; part++)
          for (const [i, producer] of producers.entries())
            await producer.send([batchOf(topic, 0, [{ value: `${round}/${i}/${part}` }])])
        for (const [i, producer] of producers.entries()) {
          if ((round + i) % 3 === 0) await producer.open()
          else await producer.commit()
        }
        for (let part = 0; part < 3; part++)
          for (let i = 0; i < 3; i++) if ((round + i) % 3 !== 0) expected.push(`${round}/${i}/${part}`)
      }
      expect(await valuesOf(client, topic)).toEqual(expected)
    })
  })

  describe('connections that are lost', () => {
    const throughProxy = (name: string, body: (client: KafkaClient, proxy: Proxy) => Promise<void>): void =>
      test(name, async () => {
        await using proxy = await Proxy.start()
        const client = open(proxy.through(connect))
        try {
          await body(client, proxy)
        } finally {
          await client.close()
        }
      })

    throughProxy('what waits fails, and the next call connects again (C1, C4)', async (client, proxy) => {
      const topic = await freshTopic(client)
      const producer = await transactional(client, freshName('id'))
      for (let i = 0; i < 5; i++) {
        const end = (await client.offsets(topic, [0], 'stable')).get(0)!
        const waiting = failureOf(fetchAt(client, topic, end, { maxWaitMs: 60_000 }))
        // Wherever it is by now: on its way, or waiting at the broker.
        await client.partitions(topic)
        proxy.cut()
        expect(await waiting).toMatchObject({ kind: 'NO_CONNECTION', retriable: true })
        await patiently(10_000, isRetriable, () => producer.open())
        await producer.send([batchOf(topic, 0, [{ value: String(i) }])])
        await producer.commit()
        expect((await valuesOf(client, topic)).length).toBe(i + 1)
      }
    })

    throughProxy(
      'a producer whose connection is cut anywhere: opened again, it is the same one (W1, W2)',
      async (client, proxy) => {
        const topic = await freshTopic(client)
        const producer = await transactional(client, freshName('id'))
        let failures = 0
        const written: string[] = []
        for (let i = 0; i < 20; i++) {
          // At another place each time: in the middle of a request, between it and its answer, or later.
          void proxy.cutAfter(1 + i * 31)
          try {
            await producer.send([batchOf(topic, 0, [{ value: String(i) }])])
            await producer.commit()
            written.push(String(i))
          } catch (error) {
            expect(error).toMatchObject({ kind: 'NO_CONNECTION', retriable: true })
            failures += 1
            // If it was lost behind the last answer, the cut of now has not come: it is not to come any more.
            void proxy.cutAfter(Infinity)
            await producer.open()
            // It is known now what became of it.
            if ((await valuesOf(client, topic)).at(-1) === String(i)) written.push(String(i))
          }
        }
        // The last cut may have come behind the last answer.
        expect(await patiently(10_000, isRetriable, () => valuesOf(client, topic))).toEqual(written)
        expect(failures).toBeGreaterThan(0)
      },
    )

    throughProxy('nobody gets through: told, and not tried for ever (C1)', async (client, proxy) => {
      proxy.refuse()
      expect(await failureOf(client.partitions('any'))).toMatchObject({ kind: 'NO_CONNECTION', retriable: true })
      await client.close()
      expect(await failureOf(client.partitions('any'))).toMatchObject({ kind: 'CLOSED', retriable: false })
    })
  })

  using('offsets of a group are kept for other tools', async (client) => {
    const topic = await freshTopic(client, 2)
    const group = freshName('group')
    expect([...(await client.committedOffsets(group, topic, [0, 1]))]).toEqual([])
    await client.commitOffsets(group, topic, new Map([[1, 17]]))
    await client.commitOffsets(group, topic, new Map([[1, 19]]))
    expect([...(await client.committedOffsets(group, topic, [0, 1]))]).toEqual([[1, 19]])
  })
}
