import type { Buffer } from 'node:buffer'
import type { ProduceBatch, Produced } from '../client.ts'
import { WireReader, WireWriter } from './bytes.ts'
import type { WireCall } from './call.ts'
import { failureOf } from './error-codes.ts'
import type { BatchWriter } from './record-buffer.ts'

/** How long a broker waits for its replicas. */
const replicasMs = 10_000

/** Produce, version 7: Kafka 2.1 and later. All in-sync replicas have it when it resolves. One batch for each partition. */
export function produceCall(
  transactionalId: string | undefined,
  batches: readonly { readonly batch: ProduceBatch; readonly writer: BatchWriter }[],
): WireCall<Produced[]> {
  const request = new WireWriter(batches.reduce((sum, { batch }) => sum + batch.records.sizeBytes + 256, 256))
  request.text(transactionalId ?? null)
  request.int16(-1)
  request.int32(replicasMs)
  const topics = new Map<string, { readonly batch: ProduceBatch; readonly writer: BatchWriter }[]>()
  for (const each of batches) {
    const known = topics.get(each.batch.topic)
    if (known === undefined) topics.set(each.batch.topic, [each])
    else known.push(each)
  }
  request.int32(topics.size)
  for (const [topic, inTopic] of topics) {
    request.text(topic)
    request.int32(inTopic.length)
    for (const { batch, writer } of inTopic) {
      request.int32(batch.partition)
      request.int32(0)
      const start = request.length
      batch.records.write(request, writer)
      request.int32At(start - 4, request.length - start)
    }
  }
  const counts = new Map(batches.map(({ batch }) => [`${batch.topic}/${batch.partition}`, batch.records.count]))
  return {
    doing: 'writing',
    key: 0,
    version: 7,
    request,
    waitMs: replicasMs,
    read: (bytes) => readProduced(bytes, counts),
  }
}

function readProduced(bytes: Buffer, counts: ReadonlyMap<string, number>): Produced[] {
  const reader = new WireReader(bytes)
  const produced: Produced[] = []
  reader.eachPartition((partition, topic) => {
    const failure = failureOf(reader.int16(), `writing to partition ${partition} of ${topic}`)
    if (failure !== undefined) throw failure
    const next = reader.int64() + counts.get(`${topic}/${partition}`)!
    reader.at += 16
    produced.push({ topic, partition, next })
  })
  return produced
}
