import { MillraceError, messageOf } from '../../../base/errors.ts'
import { patiently } from '../../patiently.ts'
import type { KafkaClient } from '../client.ts'
import { isRetriable } from '../failure.ts'

export interface ChangelogTopic {
  readonly topic: string
  /** One for each commit group. */
  readonly groupCount: number
  /** Of how many replicas a commit must be durable: 2 or more survive the loss of a machine. */
  readonly inSyncReplicas: number
  /** How long brokers that do not answer are waited for. */
  readonly patienceMs: number
}

/** What one commit, or one chunk of a shortening, may take up. */
const largestRecordBytes = 64 << 20
/** Kafka counts the batch around a record, too. */
const overheadBytes = 4_096

/**
 * Makes sure that a topic can be a changelog, and makes it if it is not there. Throws MR_STORE_FAILED if it may lose what was
 * accepted, and MR_SHARD_MAP_DIFFERS if it is made for another number of groups.
 */
export async function prepareChangelogTopic(client: KafkaClient, wanted: ChangelogTopic): Promise<void> {
  const { topic, groupCount, inSyncReplicas, patienceMs } = wanted
  const settings = {
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'unclean.leader.election.enable': 'false',
    'min.insync.replicas': String(inSyncReplicas),
    'max.message.bytes': String(largestRecordBytes + overheadBytes),
  }
  try {
    await patiently(patienceMs, isRetriable, () => client.createTopic(topic, groupCount, settings))
    const found = await patiently(patienceMs, isRetriable, () => client.partitions(topic))
    if (found.size !== groupCount) throw otherPartitions(topic, groupCount, found.size)
    for (const [name, value] of Object.entries(settings)) {
      const setting = await patiently(patienceMs, isRetriable, () => client.topicSetting(topic, name))
      if (setting === undefined) throw notToldAbout(topic, name)
      const isNumber = name === 'min.insync.replicas' || name === 'max.message.bytes'
      if (isNumber ? Number(setting) < Number(value) : setting !== value) throw notSafe(topic, name, value, setting)
    }
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw new MillraceError('MR_STORE_FAILED', `topic ${topic} cannot be used: ${messageOf(error)}`, {
      next: 'See the cause; start again when brokers answer, and grant the rights to create, describe, read, write and delete',
      cause: error,
    })
  }
}

function otherPartitions(topic: string, wanted: number, found: number): MillraceError {
  return new MillraceError(
    'MR_SHARD_MAP_DIFFERS',
    `topic ${topic} has ${found} partitions, and there are ${wanted} groups`,
    {
      next: `Start with ${found} groups: their number belongs to the data. Partitions must not be added to this topic`,
    },
  )
}

function notSafe(topic: string, name: string, wanted: string, found: string): MillraceError {
  return new MillraceError('MR_STORE_FAILED', `topic ${topic} keeps commits, but its ${name} is ${found}`, {
    next: `Set ${name}=${wanted} on it, or what was accepted may be lost`,
  })
}

function notToldAbout(topic: string, name: string): MillraceError {
  return new MillraceError('MR_STORE_FAILED', `topic ${topic} keeps commits, but brokers do not tell its ${name}`, {
    next: 'Grant DescribeConfigs on it: without its settings nobody can say that commits are safe there',
  })
}
