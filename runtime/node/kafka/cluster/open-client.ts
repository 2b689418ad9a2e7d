import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type {
  FetchedPartition,
  FetchRequest,
  KafkaClient,
  KafkaProducer,
  OffsetAt,
  ProducerOptions,
} from '../client.ts'
import type { Connect } from '../connection.ts'
import type { SaslOptions } from '../sasl-options.ts'
import { KafkaFailure } from '../failure.ts'
import { connectKafkaJs } from '../kafkajs/connect.ts'
import { deleteRecordsCall } from '../wire/delete-records.ts'
import { fetchCall } from '../wire/fetch.ts'
import { committedOffsetsCall, commitOffsetsCall } from '../wire/group-offsets.ts'
import { listOffsetsCall } from '../wire/list-offsets.ts'
import { createTopicCall, topicSettingCall } from '../wire/topics.ts'
import { Brokers } from './brokers.ts'
import { WireProducer } from './producer.ts'

/** How brokers are reached, and who asks them. */
export interface KafkaConnection {
  /** `host:port` of brokers that know the others. */
  readonly brokers: readonly string[]
  readonly clientId?: string
  /** As of node:tls. */
  readonly ssl?: true | TlsOptions | undefined
  /** For example `{ mechanism: 'scram-sha-512', username, password }`. */
  readonly sasl?: SaslOptions | undefined
}

export interface KafkaClientOptions extends KafkaConnection {
  /** Who makes connections. Default: kafkajs. */
  readonly connect?: Connect
}

const limits = { connectMs: 3_000, authenticateMs: 10_000 }

/** A client of our own on the connections of a library. Nothing is connected before the first call. */
export function openKafkaClient(options: KafkaClientOptions): KafkaClient {
  const { brokers, clientId = 'millrace', ssl, sasl, connect = connectKafkaJs } = options
  const connection = { clientId, ssl: ssl === true ? {} : ssl, sasl, ...limits }
  return new WireClient(new Brokers(brokers, connection, connect))
}

class WireClient implements KafkaClient {
  readonly #brokers: Brokers

  constructor(brokers: Brokers) {
    this.#brokers = brokers
  }

  async partitions(topic: string): Promise<ReadonlyMap<number, number>> {
    return (await this.#brokers.metadata(`asking for the partitions of ${topic}`, topic)).leaders
  }

  async offsets(topic: string, partitions: readonly number[], at: OffsetAt): Promise<ReadonlyMap<number, number>> {
    const leaders = await this.partitions(topic)
    const offsets = new Map<number, number>()
    for (const node of new Set(leaders.values())) {
      const wanted = partitions.filter((partition) => leaders.get(partition) === node)
      if (wanted.length === 0) continue
      const found = await this.#brokers.node(node, listOffsetsCall(topic, wanted, at))
      for (const [partition, offset] of found) offsets.set(partition, offset)
    }
    // No record is that young: the end is where the next one will be.
    const late = partitions.filter((partition) => offsets.get(partition) === -1)
    if (late.length > 0)
      for (const [partition, end] of await this.offsets(topic, late, 'stable')) offsets.set(partition, end)
    return offsets
  }

  async fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    return await this.#brokers.node(node, fetchCall(request))
  }

  producer(options: ProducerOptions): KafkaProducer {
    return new WireProducer(this.#brokers, options)
  }

  async commitOffsets(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    await this.#brokers.coordinator('group', group, commitOffsetsCall(group, topic, offsets))
  }

  async committedOffsets(
    group: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, number>> {
    return await this.#brokers.coordinator('group', group, committedOffsetsCall(group, topic, partitions))
  }

  async createTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>): Promise<boolean> {
    const call = createTopicCall(topic, partitions, settings)
    const { controller } = await this.#brokers.metadata(call.doing)
    try {
      await this.#brokers.node(controller, call)
      return false
    } catch (error) {
      if (error instanceof KafkaFailure && error.kind === 'TOPIC_ALREADY_EXISTS') return true
      throw error
    }
  }

  async deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    const leader = (await this.partitions(topic)).get(partition) ?? -1
    await this.#brokers.node(leader, deleteRecordsCall(topic, partition, before))
  }

  async topicSetting(topic: string, name: string): Promise<string | undefined> {
    try {
      return await this.#brokers.anyone(topicSettingCall(topic, name))
    } catch (error) {
      if (error instanceof KafkaFailure && error.kind.includes('AUTHORIZATION')) return undefined
      throw error
    }
  }

  close(): Promise<void> {
    return this.#brokers.close()
  }
}
