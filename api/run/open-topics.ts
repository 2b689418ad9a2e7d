import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import { openKafkaSink } from '../../runtime/node/kafka/sink/kafka-sink.ts'
import { findTopic, openKafkaSource } from '../../runtime/node/kafka/source/kafka-source.ts'
import type { SinkPort } from '../../runtime/ports/sink.ts'
import type { SourcePartition } from '../../runtime/ports/source.ts'
import type { KafkaEnd } from '../real-end.ts'
import { connectionOf } from './kafka-connection.ts'
import { letterHeaders } from './letter-headers.ts'
import { topicSinkId } from './topic-sink-id.ts'

/** This file is loaded when a program has a topic, and not before: most of it is the client. */

export async function openTopicSource(
  end: KafkaEnd,
  options: {
    readonly pipeline: string
    readonly source: string
    readonly follow: boolean
    readonly reads: (partition: number) => boolean
    readonly keep: (open: { close(): Promise<void> }) => void
    readonly wake: () => void
    readonly added: (partition: SourcePartition) => void
  },
): Promise<SourcePartition[]> {
  const { pipeline, ...own } = options
  const { topic, from, isolation, onExpired, newPartitionsMs, group = `millrace.${pipeline}.${own.source}` } = end
  const client = openKafkaClient(connectionOf(end))
  try {
    const found = await findTopic(client, topic, from instanceof Date ? { sinceMs: from.getTime() } : from)
    return openKafkaSource(
      { ...own, topic, client, isolation, onExpired, newPartitionsMs, group: group === false ? undefined : group },
      found,
    )
  } catch (error) {
    await client.close()
    throw error
  }
}

export function openTopicSink(
  end: KafkaEnd,
  options: { readonly pipeline: string; readonly sink: string; readonly holdsLetters: boolean },
): Promise<SinkPort> {
  const { pipeline, sink, holdsLetters } = options
  const { topic, guarantee, compression, latest, transactionTimeoutMs } = end
  return openKafkaSink({
    sink,
    topic,
    guarantee,
    id: topicSinkId(end, pipeline, sink),
    compression,
    latest,
    transactionTimeoutMs,
    client: openKafkaClient(connectionOf(end)),
    headersOf: holdsLetters ? letterHeaders : undefined,
  })
}
