import { type Consumer, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { MillraceError, messageOf } from '../../../base/errors.ts'
import type { KafkaConnection } from '../cluster/open-client.ts'
import { saslOf } from '../kafkajs/sasl.ts'

export interface MembershipOptions {
  readonly kafka: KafkaConnection
  /** The consumer group: those who share the partitions. */
  readonly group: string
  readonly topic: string
  /** A member that was not heard of for so long is given up by the brokers. */
  readonly silenceMs: number
  /** Told which partitions are this member's, at the beginning and whenever that changes. */
  readonly assigned: (partitions: readonly number[]) => void
  /** Told when it is a member no more, and will not be one again. */
  readonly lost: (error: MillraceError) => void
}

/**
 * One member of a consumer group, for the sake of being one: nothing is fetched, no offset is committed. Which partitions are whose is
 * a hint, because a member that brokers have given up may not know it yet.
 */
export class Membership {
  readonly #consumer: Consumer

  /** Resolves when it has asked to join. */
  static async join(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options)
    try {
      await membership.#join(options)
      return membership
    } catch (cause) {
      await membership.leave()
      throw lost('could not join', options, cause)
    }
  }

  private constructor(options: MembershipOptions) {
    const { kafka: connection, group, topic, silenceMs, assigned } = options
    const { brokers, clientId = 'millrace', ssl, sasl } = connection
    const config: KafkaConfig = { clientId, brokers: [...brokers], logLevel: logLevel.NOTHING }
    if (ssl !== undefined) config.ssl = ssl
    if (sasl !== undefined) config.sasl = saslOf(sasl) as NonNullable<KafkaConfig['sasl']>
    const kafka = new Kafka(config)
    const consumer = (this.#consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: silenceMs,
      heartbeatInterval: Math.floor(silenceMs / 6),
      rebalanceTimeout: silenceMs,
      maxWaitTimeInMs: Math.floor(silenceMs / 12),
    }))
    consumer.on('consumer.group_join', ({ payload }) => {
      // Before the first fetch after joining.
      consumer.pause([{ topic }])
      assigned(payload.memberAssignment[topic] ?? [])
    })
    consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) options.lost(lost('is no longer a member', options, payload.error))
    })
  }

  /** The others share what was this member's. */
  async leave(): Promise<void> {
    await this.#consumer.disconnect()
  }

  async #join({ topic }: MembershipOptions): Promise<void> {
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topic, fromBeginning: true })
    await this.#consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
  }
}

function lost(what: string, { group, silenceMs }: MembershipOptions, cause: unknown): MillraceError {
  return new MillraceError(
    'MR_MEMBERSHIP_LOST',
    `this process ${what} of consumer group ${group}: ${messageOf(cause)}`,
    {
      next: `Start it again when brokers answer, allow this user the group, and allow members ${silenceMs} ms of silence`,
      cause,
    },
  )
}
