import type {
  FetchedPartition,
  FetchRequest,
  KafkaClient,
  KafkaProducer,
  OffsetAt,
  ProducerOptions,
} from '../client.ts'
import { KafkaFailure } from '../failure.ts'
import { fetchCall } from '../wire/fetch.ts'
import { type ConnectionOptions, Connections } from './connections.ts'
import { WireProducer } from './producer.ts'

/** A client on the connections of kafkajs. Nothing is connected before the first call. */
export function openKafkaJsClient(options: ConnectionOptions): KafkaClient {
  return new KafkaJsClient(options)
}

class KafkaJsClient implements KafkaClient {
  readonly #connections: Connections

  constructor(options: ConnectionOptions) {
    this.#connections = new Connections(options)
  }

  async partitions(topic: string): Promise<ReadonlyMap<number, number>> {
    return await this.#connections.leaders(topic)
  }

  async offsets(topic: string, partitions: readonly number[], at: OffsetAt): Promise<ReadonlyMap<number, number>> {
    const leaders = await this.partitions(topic)
    const timestamp = at === 'low' ? -2 : at === 'high' || at === 'stable' ? -1 : at.sinceMs
    const offsets = new Map<number, number>()
    for (const node of new Set(leaders.values())) {
      const wanted = partitions.filter((partition) => leaders.get(partition) === node)
      const request = {
        replicaId: -1,
        isolationLevel: at === 'high' ? 0 : 1,
        topics: [{ topic, partitions: wanted.map((partition) => ({ partition, timestamp })) }],
      }
      const { responses } = await this.#connections.node(node, `asking for offsets of ${topic}`, (broker) =>
        broker.listOffsets(request),
      )
      for (const { partition, offset } of responses.flatMap(({ partitions }) => partitions))
        offsets.set(partition, Number(offset))
    }
    // No record is that young: the end is where the next one will be.
    const late = partitions.filter((partition) => offsets.get(partition) === -1)
    if (late.length > 0)
      for (const [partition, end] of await this.offsets(topic, late, 'stable')) offsets.set(partition, end)
    return offsets
  }

  async fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    return await this.#connections.call(node, fetchCall(request))
  }

  producer(options: ProducerOptions): KafkaProducer {
    return new WireProducer(this.#connections, options)
  }

  async commitOffsets(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset }))
    // Not as a member of the group: whoever only leaves offsets there names no generation.
    const request = {
      groupId: group,
      groupGenerationId: -1,
      memberId: '',
      retentionTime: -1,
      topics: [{ topic, partitions }],
    }
    await this.#connections.coordinator('group', group, `committing offsets of group ${group}`, (broker) =>
      broker.offsetCommit(request),
    )
  }

  async committedOffsets(
    group: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, number>> {
    const request = { groupId: group, topics: [{ topic, partitions: partitions.map((partition) => ({ partition })) }] }
    const { responses } = await this.#connections.coordinator(
      'group',
      group,
      `asking for offsets of group ${group}`,
      (broker) => broker.offsetFetch(request),
    )
    const found = responses.flatMap(({ partitions }) => partitions)
    return new Map(
      found.filter(({ offset }) => offset !== '-1').map(({ partition, offset }) => [partition, Number(offset)]),
    )
  }

  async createTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>): Promise<boolean> {
    const doing = `creating topic ${topic}`
    const { controllerId } = await this.#connections.anyone(doing, (broker) => broker.metadata([]))
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
    const wanted = { topic, numPartitions: partitions, replicationFactor: -1, replicaAssignment: [], configEntries }
    try {
      await this.#connections.node(controllerId, doing, (broker) => broker.createTopics({ topics: [wanted] }))
      return false
    } catch (error) {
      if (
        error instanceof KafkaFailure &&
        /ALREADY_EXISTS|KafkaJSCreateTopicError|KafkaJSAggregateError/.test(error.kind)
      ) {
        if ((await this.partitions(topic)).size > 0) return true
      }
      throw error
    }
  }

  async topicSetting(topic: string, name: string): Promise<string | undefined> {
    const resources = [{ type: 2, name: topic, configNames: [name] }]
    try {
      const found = await this.#connections.anyone(`asking for ${name} of ${topic}`, (broker) =>
        broker.describeConfigs({ resources }),
      )
      return found.resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue
    } catch (error) {
      if (error instanceof KafkaFailure && error.kind.includes('AUTHORIZATION')) return undefined
      throw error
    }
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}
