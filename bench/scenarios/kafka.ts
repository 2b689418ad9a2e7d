/**
 * Kafka, with the broker beside it on this machine: what the client alone does, what a bare loop of kafkajs does, and counting
 * per key from topic to topic, exactly once, with Kafka Streams doing the same where there is a JDK. Records are JSON of about 100 bytes in four partitions.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import { findTopic, openKafkaSource } from '../../runtime/node/kafka/source/kafka-source.ts'
import type { RecordBatch } from '../../runtime/ports/source.ts'
import { partitionOf } from '../../runtime/node/kafka/wire/murmur2.ts'
import { RecordBuffer } from '../../runtime/node/kafka/wire/record-buffer.ts'
import { ledBy } from '../../test/kafka/support/topics.ts'
import { Broker } from '../../test/support/kafka/broker.ts'
import { kafkaStreams } from '../peers/kafka-streams/count-per-key.ts'
import { type Click, countEnvironment } from '../support/jobs/count-parameters.ts'
import { measure, printSpread, rounds, scale } from '../support/measure.ts'
import { once, type OnceRun } from '../support/once.ts'

const count = Math.round(1_000_000 * scale)
const partitions = 4
const padding = 'x'.repeat(60)
const peer = await kafkaStreams((text) => console.log(text))
if (peer === undefined) console.log('Kafka Streams is left out: there is no JDK (javac), or no Maven (mvn)')
const broker = await Broker.start({ quick: false })
const brokers = [broker.address]
const client = openKafkaClient({ brokers })
const kafkajs = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 20 } })
let topics = 0

async function newTopic(): Promise<string> {
  const topic = `bench-${topics++}`
  await client.createTopic(topic, partitions, {})
  await ledBy(client, topic, partitions)
  return topic
}

const keyOf = (i: number, keys: number): string => `k${(i * 7_919) % keys}`
const textOf = (i: number, keys: number): string => JSON.stringify({ key: keyOf(i, keys), at: i, padding })

/** A topic with all the records. Answers with how long writing them took, too: without transactions, in batches of 1,000. */
async function filled(keys: number): Promise<{ topic: string; seconds: number }> {
  const topic = await newTopic()
  const encoder = new TextEncoder()
  const producer = client.producer({ transactionalId: undefined, transactionTimeoutMs: 60_000 })
  await producer.open()
  const begun = performance.now()
  for (let i = 0; i < count; ) {
    const records = Array.from({ length: partitions }, () => new RecordBuffer(Date.now(), 'none'))
    for (const until = Math.min(i + 1_000 * partitions, count); i < until; i++) {
      const key = encoder.encode(keyOf(i, keys))
      const value = encoder.encode(textOf(i, keys))
      records[partitionOf(key, 0, key.length, partitions)]!.add(key, value, 0, value.length)
    }
    await producer.send(
      records.flatMap((records, partition) => (records.count === 0 ? [] : [{ topic, partition, records }])),
    )
  }
  return { topic, seconds: (performance.now() - begun) / 1_000 }
}

async function consumeBare(topic: string): Promise<number> {
  const consumer = kafkajs.consumer({ groupId: `bench-${topics++}`, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let begun = 0
  let seen = 0
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachBatch: ({ batch }) => {
        begun ||= performance.now()
        seen += batch.messages.length
        if (seen >= count) resolve()
        return Promise.resolve()
      },
    })
  })
  const seconds = (performance.now() - begun) / 1_000
  await consumer.disconnect()
  return seconds
}

async function produceBare(keys: number, transactional: boolean): Promise<number> {
  const topic = await newTopic()
  const producer = kafkajs.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    ...(transactional ? { transactionalId: topic } : {}),
  })
  await producer.connect()
  const some = count / 4
  const begun = performance.now()
  for (let i = 0; i < some; ) {
    const messages = []
    for (const until = Math.min(i + 1_000 * partitions, some); i < until; i++)
      messages.push({ key: keyOf(i, keys), value: textOf(i, keys) })
    const to = transactional ? await producer.transaction() : producer
    await to.send({ topic, messages, compression: CompressionTypes.None })
    if ('commit' in to) await to.commit()
  }
  const seconds = (performance.now() - begun) / 1_000
  await producer.disconnect()
  return seconds * 4
}

/** All records of a topic, in turns of what there is. `take` may keep them waiting. */
async function read(topic: string, take: (batches: readonly RecordBatch[]) => Promise<void>): Promise<void> {
  let woken: (() => void) | undefined
  const own = openKafkaClient({ brokers })
  const open = openKafkaSource(
    {
      source: 'bench',
      topic,
      client: own,
      follow: false,
      isolation: 'read_committed',
      onExpired: 'fail',
      group: undefined,
      wake: () => woken?.(),
      added: () => undefined,
    },
    await findTopic(own, topic, 'earliest'),
  )
  for (const partition of open) partition.seek(0, '')
  for (let seen = 0; seen < count; ) {
    const batches = open.flatMap((partition) => partition.poll(4_096) ?? [])
    for (const batch of batches) seen += batch.count
    await (batches.length > 0
      ? take(batches)
      : new Promise<void>((resolve) => {
          woken = resolve
        }))
  }
  await Promise.all(open.map((partition) => partition.close()))
}

/** The source port alone. */
async function consume(topic: string): Promise<number> {
  const begun = performance.now()
  await read(topic, () => Promise.resolve())
  return (performance.now() - begun) / 1_000
}

/** What counting costs without Millrace: the client, JSON, a Map, and a transaction for each turn. No state is kept. */
async function countBare(topic: string): Promise<number> {
  const to = await newTopic()
  const counts = new Map<string, number>()
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const begun = performance.now()
  const producer = client.producer({ transactionalId: to, transactionTimeoutMs: 60_000 })
  await producer.open()
  await read(topic, async (batches) => {
    const records = Array.from({ length: partitions }, () => new RecordBuffer(Date.now(), 'none'))
    for (const { buffer, starts, ends, count } of batches) {
      for (let i = 0; i < count; i++) {
        const { key } = JSON.parse(decoder.decode(buffer.subarray(starts[i], ends[i]))) as Click
        const seen = (counts.get(key) ?? 0) + 1
        counts.set(key, seen)
        const keyBytes = encoder.encode(key)
        const value = encoder.encode(JSON.stringify({ key, count: seen }))
        records[partitionOf(keyBytes, 0, keyBytes.length, partitions)]!.add(keyBytes, value, 0, value.length)
      }
    }
    await producer.send(
      records.flatMap((records, partition) => (records.count === 0 ? [] : [{ topic: to, partition, records }])),
    )
    await producer.commit()
  })
  return (performance.now() - begun) / 1_000
}

/** In a process of its own, as Kafka Streams: both are cold. */
async function countFrom(topic: string, workers: number, latest: boolean): Promise<OnceRun> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const environment = countEnvironment({ brokers, from: topic, to: await newTopic(), latest })
  const job = new URL('../support/jobs/count-clicks.ts', import.meta.url)
  try {
    return await once({ job, data, workers, durability: 'process', count, environment })
  } finally {
    rmSync(data, { recursive: true })
  }
}

/** Rates from start to stop, and of the same runs from when every worker has begun. */
async function printCounts(name: string, run: () => Promise<OnceRun>): Promise<void> {
  const runs: OnceRun[] = []
  for (let round = 0; round < rounds; round++) runs.push(await run())
  const [whole, begun, cpu] = [
    runs.map(({ seconds }) => count / seconds),
    runs.map(({ perSecond }) => perSecond),
    runs.map(({ cpuNs }) => cpuNs),
  ]
  printSpread(name, 'records/s', whole)
  printSpread('    from when every worker has begun', 'records/s', begun)
  printSpread('    processor time of its process', 'ns a record', cpu)
}

try {
  for (const keys of [1_000, 100_000]) {
    const { topic } = await filled(keys)
    console.log(`count per key, ${keys} keys, topic to topic`)
    for (const workers of [1, 2])
      for (const latest of [false, true]) {
        const outputs = latest ? 'the latest of each key' : 'an output for each record'
        await printCounts(`  ${workers} worker${workers === 1 ? '' : 's'}, ${outputs}`, () =>
          countFrom(topic, workers, latest),
        )
      }
    await countBare(topic)
    await measure('  a loop by hand, nothing kept, warm', 'records/s', async () => count / (await countBare(topic)))
    if (peer !== undefined) {
      const running: number[] = []
      await measure('  Kafka Streams, two threads, its cache', 'records/s', async () => {
        const { seconds, runningSeconds } = await peer.countPerKey(brokers, topic, await newTopic(), 2)
        running.push(count / runningSeconds)
        return count / seconds
      })
      printSpread('  the same runs, from when it has partitions', 'records/s', running)
    }
    if (keys > 1_000) continue
    await measure('source alone', 'records/s', async () => count / (await consume(topic)))
    await measure('bare kafkajs, consume', 'records/s', async () => count / (await consumeBare(topic)))
    await measure('client alone, produce idempotent', 'records/s', async () => count / (await filled(keys)).seconds)
    await measure('bare kafkajs, produce idempotent', 'records/s', async () => count / (await produceBare(keys, false)))
    await measure(
      'bare kafkajs, transactions of 4,000',
      'records/s',
      async () => count / (await produceBare(keys, true)),
    )
  }
} finally {
  await client.close()
  await peer?.[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
}
