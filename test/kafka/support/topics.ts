import { randomUUID } from 'node:crypto'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import type { FetchedPartition, Isolation, KafkaClient, ProduceBatch } from '../../../runtime/node/kafka/client.ts'
import { isRetriable, KafkaFailure } from '../../../runtime/node/kafka/failure.ts'
import { patiently } from '../../../runtime/node/patiently.ts'
import { WireReader } from '../../../runtime/node/kafka/wire/bytes.ts'
import { type RecordHeader, RecordBuffer } from '../../../runtime/node/kafka/wire/record-buffer.ts'

export interface TestRecord {
  readonly key?: string
  readonly value: string | Uint8Array
  readonly headers?: readonly RecordHeader[]
}

export interface SeenRecord {
  readonly offset: number
  readonly key: string | undefined
  readonly bytes: Uint8Array
  /** The bytes as text. */
  readonly value: string
  readonly timeMs: number
  readonly headers: Readonly<Record<string, string>>
}

/** Of records whose time does not matter. Old ones would be removed by the broker's retention. */
export const recentMs: number = Date.now() - 60_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A name that no other test has. */
export function freshName(what: string): string {
  return `${what}-${randomUUID().slice(0, 8)}`
}

export async function freshTopic(
  client: KafkaClient,
  partitions: number = 1,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = freshName('topic')
  await client.createTopic(topic, partitions, settings)
  await ledBy(client, topic, partitions)
  return topic
}

/** Resolves when every partition of a new topic has a leader that knows it: brokers say who leads before they do. */
export async function ledBy(client: KafkaClient, topic: string, partitions: number): Promise<void> {
  await patiently(10_000, isRetriable, async () => {
    const leaders = await client.partitions(topic)
    if (leaders.size !== partitions) throw new KafkaFailure('NOT_YET', `${topic} is being made`, { retriable: true })
    for (const [partition, node] of leaders) {
      const request = { topic, wants: [{ partition, offset: 0, maxBytes: 1 }], maxWaitMs: 0, maxBytes: 1 }
      const [fetched] = await client.fetch(node, { ...request, isolation: 'read_committed' })
      if (fetched!.failure !== undefined) throw fetched!.failure
    }
  })
}

export function batchOf(
  topic: string,
  partition: number,
  records: readonly TestRecord[],
  compression: 'none' | 'gzip' = 'none',
  timeMs: number = recentMs,
): ProduceBatch {
  const buffer = new RecordBuffer(timeMs, compression)
  for (const { key, value, headers } of records) {
    const bytes = typeof value === 'string' ? encoder.encode(value) : value
    buffer.add(key === undefined ? undefined : encoder.encode(key), bytes, 0, bytes.length, headers)
  }
  return { topic, partition, records: buffer }
}

/** Writes records without a transaction. */
export async function append(
  client: KafkaClient,
  topic: string,
  partition: number,
  records: readonly TestRecord[],
): Promise<void> {
  if (records.length === 0) return
  const producer = client.producer({ transactionalId: undefined, transactionTimeoutMs: 10_000 })
  await producer.open()
  for (;;) {
    try {
      await producer.send([batchOf(topic, partition, records)])
      return
    } catch (error) {
      // The broker does not know a new topic yet.
      if (!(error instanceof KafkaFailure) || !/UNKNOWN_TOPIC|NOT_LEADER/.test(error.kind)) throw error
      await producer.open()
    }
  }
}

/** Removes a topic, and resolves when nobody knows it any more. */
export async function removeTopic(client: KafkaClient, brokers: readonly string[], topic: string): Promise<void> {
  await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }))
  await patiently(30_000, isRetriable, async () => {
    const { size } = await client.partitions(topic).catch(() => new Map())
    if (size > 0) throw new KafkaFailure('NOT_YET', `${topic} is being removed`, { retriable: true })
  })
}

/** What operators do with other tools. */
export async function withAdmin<T>(brokers: readonly string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Everything that a reader of committed records finds in a partition, from an offset on. No transaction may be open. */
export async function contentOf(
  client: KafkaClient,
  topic: string,
  partition: number,
  from: number = 0,
): Promise<SeenRecord[]> {
  // A commit is decided before every partition has heard of it.
  const [fetched] = await fetchFrom(client, topic, new Map([[partition, from]]), 'read_uncommitted', 0)
  const { end } = fetched!
  return await contentUntil(client, topic, partition, (_, next) => next >= end, from)
}

/**
 * Reads committed records as they come, until there are enough of them, or `next`, where it would go on, is far enough.
 * Rejects when nothing comes for a minute.
 */
export async function contentUntil(
  client: KafkaClient,
  topic: string,
  partition: number,
  isEnough: (seen: readonly SeenRecord[], next: number) => boolean,
  from: number = 0,
): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = []
  let next = from
  while (!isEnough(seen, next)) {
    const [fetched] = await fetchFrom(client, topic, new Map([[partition, next]]), 'read_committed', silenceMs)
    if (fetched!.next === next) throw new Error(`${topic}/${partition} cannot be read beyond ${next}`)
    seen.push(...recordsOf(fetched!))
    next = fetched!.next
  }
  return seen
}

const silenceMs = 60_000

/** One fetch from partitions that one broker leads, each from its offset on. Nothing, if nothing comes within `maxWaitMs`. */
export async function fetchFrom(
  client: KafkaClient,
  topic: string,
  offsets: ReadonlyMap<number, number>,
  isolation: Isolation,
  maxWaitMs: number,
): Promise<readonly FetchedPartition[]> {
  const leaders = await client.partitions(topic)
  const [[first]] = [...offsets] as [[number, number]]
  const wants = [...offsets].map(([partition, offset]) => ({ partition, offset, maxBytes: 1 << 20 }))
  const request = { topic, wants, maxWaitMs, maxBytes: 1 << 20, isolation }
  const fetched = await client.fetch(leaders.get(first)!, request)
  for (const { failure } of fetched) if (failure !== undefined) throw failure
  return fetched
}

export function recordsOf({ columns }: FetchedPartition): SeenRecord[] {
  return columns.flatMap(({ buffer, starts, ends, offsets, timesMs, keyStarts, keyEnds }) =>
    Array.from(starts, (start, i) => {
      const key = keyStarts[i]! < 0 ? undefined : decoder.decode(buffer.subarray(keyStarts[i], keyEnds[i]))
      const bytes = buffer.subarray(start, ends[i])
      const headers = headersOf(new WireReader(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length), ends[i]))
      return { offset: offsets[i]!, key, bytes, value: decoder.decode(bytes), timeMs: timesMs[i]!, headers }
    }),
  )
}

/** They follow the value. */
function headersOf(reader: WireReader): Record<string, string> {
  const headers: Record<string, string> = {}
  const text = (): string => {
    const size = reader.varint()
    reader.at += size
    return reader.bytes.toString('utf8', reader.at - size, reader.at)
  }
  for (let count = reader.varint(); count > 0; count--) {
    const name = text()
    headers[name] = text()
  }
  return headers
}
