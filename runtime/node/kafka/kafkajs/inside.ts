import { createRequire } from 'node:module'
import { correctKafkaJs } from './corrections.ts'

/**
 * The parts of kafkajs 2.2.4 that are used: connections with TLS and SASL, and what brokers know about each other. They are
 * not its public interface, which cannot read from a given position; the version is pinned, and it is the last one.
 */
const require = createRequire(import.meta.url)
correctKafkaJs(require)

export const KafkaJsCluster: new (
  options: Readonly<Record<string, unknown>>,
) => Cluster = require('kafkajs/src/cluster/index.js')

export interface ErrorEntry {
  /** The protocol's name of it. */
  readonly type: string
  readonly code: number
  readonly retriable: boolean
  readonly message: string
}

export const errorEntries: readonly ErrorEntry[] = (
  require('kafkajs/src/protocol/error.js') as { readonly errorCodes: readonly ErrorEntry[] }
).errorCodes

/** What kafkajs calls a cluster: connections to its brokers. */
export interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<KafkaJsBroker> }
  connect(): Promise<void>
  refreshMetadata(): Promise<void>
  findBroker(node: { readonly nodeId: number }): Promise<KafkaJsBroker>
  disconnect(): Promise<void>
}

/** A broker as kafkajs talks to it. */
export interface KafkaJsBroker {
  readonly connectionPool: { send(call: object): Promise<{ readonly result: unknown }> }
  disconnect(): Promise<void>
  metadata(topics: readonly string[]): Promise<{
    readonly topicMetadata: readonly {
      readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
    }[]
    readonly controllerId: number
  }>
  listOffsets(request: object): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }>
  findGroupCoordinator(request: object): Promise<{ readonly coordinator: { readonly nodeId: number } }>
  initProducerId(request: object): Promise<{ readonly producerId: bigint | string; readonly producerEpoch: number }>
  addPartitionsToTxn(request: object): Promise<unknown>
  endTxn(request: object): Promise<unknown>
  offsetCommit(request: object): Promise<unknown>
  offsetFetch(request: object): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  }>
  createTopics(request: object): Promise<unknown>
  describeConfigs(request: object): Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[]
    }[]
  }>
}
