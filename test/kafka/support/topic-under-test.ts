import { openKafkaClient } from '../../../runtime/node/kafka/cluster/open-client.ts'
import { findTopic, type KafkaSourceOptions, openKafkaSource } from '../../../runtime/node/kafka/source/kafka-source.ts'
import type { SourceUnderTest } from '../../../runtime/ports/contracts/source.ts'
import type { SourcePartition } from '../../../runtime/ports/source.ts'
import type { Proxy } from './proxy.ts'
import { append, contentOf, freshTopic, ledBy, removeTopic } from './topics.ts'
import type { BrokerInUse } from './use-broker.ts'

export type SourceChoices = Partial<Omit<KafkaSourceOptions, 'client' | 'topic' | 'wake'>>

/** Opens the partitions of a topic with a client of their own. */
export async function partitionsOf(
  { brokers }: BrokerInUse,
  topic: string,
  wake: () => void,
  { connect, ...choices }: SourceChoices & { readonly connect?: Proxy['connect'] } = {},
  from: Parameters<typeof findTopic>[2] = 'earliest',
): Promise<SourcePartition[]> {
  const client = openKafkaClient({ brokers, ...(connect === undefined ? {} : { connect }) })
  return openKafkaSource({ ...defaults, client, topic, wake, ...choices }, await findTopic(client, topic, from))
}

const defaults = {
  source: 'quotes',
  follow: true,
  isolation: 'read_committed',
  onExpired: 'fail',
  group: undefined,
  added: () => undefined,
  maxWaitMs: 20,
} as const

/** A topic with one partition, for the contract of sources. */
export async function topicUnderTest(outside: BrokerInUse, choices: SourceChoices = {}): Promise<SourceUnderTest> {
  const { client, brokers } = outside
  const topic = await freshTopic(client)
  const found = await findTopic(client, topic, 'earliest')
  const write = (records: readonly Uint8Array[]): Promise<void> =>
    append(
      client,
      topic,
      0,
      records.map((value) => ({ value })),
    )
  const replace = async (records: readonly Uint8Array[]): Promise<void> => {
    await removeTopic(client, brokers, topic)
    await client.createTopic(topic, 1, {})
    await ledBy(client, topic, 1)
    await write(records)
  }
  return {
    open: (wake) =>
      openKafkaSource({ ...defaults, client: openKafkaClient({ brokers }), topic, wake, ...choices }, found)[0]!,
    append: write,
    replace,
    shrink: async (count) => {
      const kept = (await contentOf(client, topic, 0)).slice(0, count)
      await replace(kept.map(({ value }) => new TextEncoder().encode(value)))
    },
    breakFraming: () => Promise.reject(new Error('every record of a topic is delimited')),
    dispose: () => Promise.resolve(),
  }
}
