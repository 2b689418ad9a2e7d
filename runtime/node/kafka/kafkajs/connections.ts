import type { Buffer } from 'node:buffer'
import * as net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as tls from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import { KafkaFailure } from '../failure.ts'
import type { WireCall } from '../wire/call.ts'
import { type Cluster, type KafkaJsBroker, KafkaJsCluster } from './inside.ts'

export interface ConnectionOptions {
  /** `host:port` of brokers that know the others. */
  readonly brokers: readonly string[]
  readonly clientId?: string
  /** As of node:tls. */
  readonly ssl?: true | tls.ConnectionOptions
  /** For example `{ mechanism: 'scram-sha-512', username, password }`. */
  readonly sasl?: SASLOptions
  /** How a broker is reached. A seam: tests put something between. */
  readonly connect?: (request: SocketRequest) => net.Socket
}

/** Said by a broker that has done nothing: it is not the coordinator, or not ready to be it. */
const choosing: ReadonlySet<string> = new Set([
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
])
/** A coordinator that takes longer is not coming. */
const choosingMs = 20_000

const quiet: Readonly<Record<string, () => unknown>> = {
  namespace: () => quiet,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** Connections to the brokers of one cluster, opened when they are needed. Fetches have one of their own for each broker. */
export class Connections {
  readonly #cluster: Cluster
  readonly #coordinators = new Map<string, number>()
  #connected: Promise<void> | undefined
  readonly #calls = new Set<Promise<unknown>>()
  #closed = false

  constructor({ brokers, clientId = 'millrace', ssl, sasl, connect = connectDirectly }: ConnectionOptions) {
    this.#cluster = new KafkaJsCluster({
      brokers: [...brokers],
      clientId,
      sasl: sasl ?? null,
      ssl: ssl === true ? {} : (ssl ?? null),
      logger: quiet,
      socketFactory: connect,
      connectionTimeout: 3_000,
      authenticationTimeout: 10_000,
      requestTimeout: 15_000,
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
      // Who is asked again, and when, is decided by those who know what for. This only goes through the list of brokers once.
      retry: { retries: Math.max(brokers.length - 1, 0), initialRetryTime: 20, maxRetryTime: 100 },
    })
  }

  /** Asks any broker. */
  anyone<T>(doing: string, ask: (broker: KafkaJsBroker) => Promise<T>): Promise<T> {
    return this.#guarded(doing, async () => this.#ask(await this.#cluster.brokerPool.findConnectedBroker(), ask))
  }

  node<T>(node: number, doing: string, ask: (broker: KafkaJsBroker) => Promise<T>): Promise<T> {
    return this.#guarded(doing, async () => this.#ask(await this.#cluster.findBroker({ nodeId: node }), ask))
  }

  /** Asks whoever coordinates a group or a transactional id. Waits while it is being chosen. */
  async coordinator<T>(
    kind: 'group' | 'transaction',
    id: string,
    doing: string,
    ask: (broker: KafkaJsBroker) => Promise<T>,
  ): Promise<T> {
    const name = `${kind}/${id}`
    return await whenReady(async () => {
      try {
        const node = this.#coordinators.get(name) ?? (await this.#findCoordinator(kind, id, doing))
        this.#coordinators.set(name, node)
        return await this.node(node, doing, ask)
      } catch (error) {
        // It may be another one by now.
        this.#coordinators.delete(name)
        throw error
      }
    })
  }

  async #findCoordinator(kind: 'group' | 'transaction', id: string, doing: string): Promise<number> {
    const request = { groupId: id, coordinatorType: kind === 'group' ? 0 : 1 }
    const found = await this.anyone(doing, (broker) => broker.findGroupCoordinator(request))
    return found.coordinator.nodeId
  }

  /** The node that leads each partition of a topic. */
  async leaders(topic: string): Promise<Map<number, number>> {
    const { topicMetadata } = await this.anyone(`asking for the partitions of ${topic}`, (broker) =>
      broker.metadata([topic]),
    )
    return new Map(topicMetadata[0]?.partitionMetadata.map(({ partitionId, leader }) => [partitionId, leader]))
  }

  /** Sends a request of our own to a broker. */
  call<T>(node: number, { name, key, version, request, waitMs, read }: WireCall<T>): Promise<T> {
    const payload = request.bytes
    return this.node(node, name, async (broker) => {
      const { result } = await broker.connectionPool.send({
        request: {
          apiKey: key,
          apiName: name,
          apiVersion: version,
          encode: () => Promise.resolve({ buf: payload, buffer: payload }),
        },
        response: {
          decode: (bytes: Buffer) => Promise.resolve({ result: read(bytes) }),
          parse: (found: { result: T }) => Promise.resolve(found),
        },
        requestTimeout: waitMs + 15_000,
        logResponseError: false,
      })
      return result as T
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#calls)
    await this.#cluster.disconnect()
  }

  async #guarded<T>(doing: string, ask: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaFailure('CLOSED', `${doing}: the client is closed`, { retriable: false })
    const call = this.#attempt(doing, ask)
    this.#calls.add(call)
    try {
      return await call
    } finally {
      this.#calls.delete(call)
    }
  }

  async #attempt<T>(doing: string, ask: () => Promise<T>): Promise<T> {
    try {
      this.#connected ??= this.#connect()
      await this.#connected
      return await ask()
    } catch (error) {
      throw asFailure(error, doing)
    }
  }

  async #connect(): Promise<void> {
    try {
      await this.#cluster.connect()
      await this.#cluster.refreshMetadata()
    } catch (error) {
      this.#connected = undefined
      throw error
    }
  }

  async #ask<T>(broker: KafkaJsBroker, ask: (broker: KafkaJsBroker) => Promise<T>): Promise<T> {
    try {
      return await ask(broker)
    } catch (error) {
      if (isConnectionError(error)) {
        // The other connection to it is as dead, and its requests would wait for their time limit.
        void broker.disconnect().catch(() => undefined)
        this.#connected = undefined
      }
      throw error
    }
  }
}

/** Asks again while a broker is not ready to be what it is asked as: until then a request has no effect. */
export async function whenReady<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + choosingMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isReady = !(error instanceof KafkaFailure) || !choosing.has(error.kind)
      if (isReady || performance.now() > giveUpAt) throw error
      await sleep(20)
    }
  }
}

interface KafkaJsError extends Error {
  readonly retriable?: boolean
  readonly type?: string
  readonly cause?: unknown
}

const connectionErrors: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
])

function isConnectionError(error: unknown): boolean {
  return error instanceof Error && connectionErrors.has(error.name)
}

function asFailure(error: unknown, doing: string): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  if (!(error instanceof Error)) return new KafkaFailure('UNKNOWN', `${doing}: ${String(error)}`, { retriable: false })
  const { name, message, type, retriable, cause } = error as KafkaJsError
  // It has given up asking: what matters is why.
  if (name === 'KafkaJSNumberOfRetriesExceeded' && cause instanceof Error) return asFailure(cause, doing)
  if (isConnectionError(error))
    return new KafkaFailure('NO_CONNECTION', `${doing}: ${message}`, { retriable: true, cause: error })
  return new KafkaFailure(type ?? name, `${doing}: ${message}`, { retriable: retriable === true, cause: error })
}

interface SocketRequest {
  readonly host: string
  readonly port: number
  readonly ssl: tls.ConnectionOptions | null
  readonly onConnect: () => void
}

/** Small requests leave at once. */
function connectDirectly({ host, port, ssl, onConnect }: SocketRequest): net.Socket {
  const name = net.isIP(host) === 0 ? { servername: host } : {}
  const socket =
    ssl === null ? net.connect({ host, port }, onConnect) : tls.connect({ host, port, ...name, ...ssl }, onConnect)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return socket
}
