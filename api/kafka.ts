/** `millrace/kafka`: records in topics. */
import type { SaslOptions } from '../runtime/node/kafka/sasl-options.ts'
import { invalid } from './invalid.ts'
import { hideRealEnd, type KafkaEnd, type RealSink, type RealSource, type TlsOptions } from './real-end.ts'

export interface KafkaOptions {
  topic: string
  /** `host:port` of one or more brokers; they know the others. Default: what KAFKA_BROKERS names, or 127.0.0.1:9092. */
  brokers?: readonly string[]
  clientId?: string
  /** TLS, with the options of `tls.connect` if there are any. */
  ssl?: true | TlsOptions
  sasl?: SaslOptions

  /** As a source: where reading begins the very first time, decided once. Default 'earliest'. */
  from?: 'earliest' | 'latest' | Date
  /** As a source: whether records of transactions that are open, or were taken back, are read too. Default 'read_committed'. */
  isolation?: 'read_committed' | 'read_uncommitted'
  /** As a source: what to do when retention has removed records that were not read yet. Default 'fail'. */
  onExpired?: 'fail' | 'skip'
  /** As a source: the consumer group under which other tools see how far it is. Default: pipeline and source. False: none. */
  group?: string | false
  /** As a source: how often it looks for partitions that the topic was given. Default 30,000. */
  newPartitionsMs?: number

  /** As a sink: what readers of committed records see after a crash. Default 'exactly-once'. */
  guarantee?: 'exactly-once' | 'idempotent' | 'at-least-once'
  /** As a sink: what makes it the same one after a restart (its transactional id). Default: pipeline, sink and topic. */
  id?: string
  /** As a sink with keys: of what leaves together for one key only the last is written. Default false. */
  latest?: boolean
  /** As a sink. Default 'none'. */
  compression?: 'none' | 'gzip'
  /** As a sink: how long a transaction may stay open when nobody ends it. Default 60,000. */
  transactionTimeoutMs?: number
}

const choices = {
  isolation: ['read_committed', 'read_uncommitted'],
  onExpired: ['fail', 'skip'],
  guarantee: ['exactly-once', 'idempotent', 'at-least-once'],
  compression: ['none', 'gzip'],
} as const

/** A topic of Kafka, as a source or as a sink. See docs/kafka.md. */
export function kafka(options: KafkaOptions): RealSource & RealSink {
  return hideRealEnd(kafkaEnd(options))
}

export function kafkaEnd(options: KafkaOptions): KafkaEnd {
  const { topic, brokers = usualBrokers(), from = 'earliest' } = options
  if (typeof topic !== 'string' || !/^[a-zA-Z0-9._-]{1,249}$/.test(topic))
    throw invalid(
      `a Kafka topic cannot be called ${JSON.stringify(topic)}`,
      "Write kafka({ topic: 'orders' }): letters, digits, dots, underscores and hyphens",
    )
  if (
    !Array.isArray(brokers) ||
    brokers.length === 0 ||
    !brokers.every((broker) => /^[^:/]+:\d+$/.test(String(broker)))
  )
    throw invalid(
      `topic ${topic} is on brokers that cannot be reached: ${JSON.stringify(brokers)}`,
      "Write brokers: ['localhost:9092']",
    )
  if (from !== 'earliest' && from !== 'latest' && !(from instanceof Date && !Number.isNaN(from.getTime())))
    throw invalid(`topic ${topic} cannot be read from ${JSON.stringify(from)}`, "Use 'earliest', 'latest' or a Date")
  for (const name of Object.keys(choices) as (keyof typeof choices)[]) {
    const known: readonly unknown[] = choices[name]
    if (options[name] !== undefined && !known.includes(options[name]))
      throw invalid(
        `topic ${topic} has the ${name} ${JSON.stringify(options[name])}`,
        `Use ${known.map((each) => `'${String(each)}'`).join(' or ')}`,
      )
  }
  const { clientId = 'millrace', ssl, sasl, group, newPartitionsMs = 30_000 } = options
  const { id, latest = false, transactionTimeoutMs = 60_000 } = options
  const { isolation = 'read_committed', onExpired = 'fail', guarantee = 'exactly-once', compression = 'none' } = options
  return {
    kind: 'kafka',
    topic,
    brokers: [...brokers],
    clientId,
    ssl,
    sasl,
    from,
    isolation,
    onExpired,
    group,
    newPartitionsMs,
    guarantee,
    id,
    compression,
    latest,
    transactionTimeoutMs,
  }
}

function usualBrokers(): readonly string[] {
  return process.env['KAFKA_BROKERS']?.split(',') ?? ['127.0.0.1:9092']
}

export type { RealSink, RealSource, SaslOptions, TlsOptions }
