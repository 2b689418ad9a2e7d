import type { Buffer } from 'node:buffer'
import * as net from 'node:net'
import * as tls from 'node:tls'
import {
  type BrokerAddress,
  type BrokerConnection,
  type ConnectionOptions,
  maxAnswerBytes,
  type WireRequest,
} from '../connection.ts'
import { KafkaFailure } from '../failure.ts'
import { KafkaJsConnection } from './inside.ts'
import { saslOf } from './sasl.ts'

/** A connection of kafkajs: its sockets, framing, and SASL. */
export async function connectKafkaJs(
  address: BrokerAddress,
  { clientId, ssl, sasl, connectMs, authenticateMs }: ConnectionOptions,
): Promise<BrokerConnection> {
  const connection = new OneLife({
    ...address,
    clientId,
    ssl: ssl ?? null,
    sasl: sasl === undefined ? null : saslOf(sasl),
    logger: quiet,
    socketFactory: openSocket,
    connectionTimeout: connectMs,
    // Whoever asks knows how long to wait.
    requestTimeout: Number.MAX_SAFE_INTEGER,
  })
  let silence: NodeJS.Timeout | undefined
  try {
    await connection.connect()
    silence = setTimeout(
      () => connection.leave(`it does not say within ${authenticateMs} ms who may come in`),
      authenticateMs,
    )
    // All brokers that are spoken to know these versions, so they are not asked for them.
    connection.setVersions({ 17: { minVersion: 1, maxVersion: 1 }, 36: { minVersion: 1, maxVersion: 1 } })
    connection.setSupportAuthenticationProtocol(true)
    await connection.authenticate()
  } catch (error) {
    // kafkajs says of whatever happens meanwhile that authentication has failed.
    const failure = connection.isConnected() ? asFailure(error) : (connection.left ?? asFailure(error))
    connection.leave('it could not be opened')
    throw failure
  } finally {
    clearTimeout(silence)
  }
  return new KafkaJsBrokerConnection(connection)
}

class KafkaJsBrokerConnection implements BrokerConnection {
  readonly #connection: OneLife

  constructor(connection: OneLife) {
    this.#connection = connection
  }

  get isOpen(): boolean {
    return this.#connection.isConnected()
  }

  async send({ key, version, body }: WireRequest): Promise<Buffer> {
    try {
      return await this.#connection.send({
        request: {
          apiKey: key,
          apiName: String(key),
          apiVersion: version,
          encode: () => Promise.resolve({ buf: body, buffer: body }),
        },
        response: { decode: (bytes) => Promise.resolve(bytes), parse: (bytes) => Promise.resolve(bytes) },
        logResponseError: false,
      })
    } catch (error) {
      throw asFailure(error)
    }
  }

  close(): void {
    this.#connection.leave('it was closed')
  }
}

/**
 * As of kafkajs, without what is wrong in it when a connection ends. There, half an answer is kept, and what comes on the next socket is
 * taken for the rest; closing waits for answers that never come; and a socket that ends before it is ready leaves `connect` waiting.
 */
class OneLife extends KafkaJsConnection {
  #fail: (error: Error) => void = () => undefined
  #left: KafkaFailure | undefined

  constructor(options: Readonly<Record<string, unknown>>) {
    super(options)
    const queue = this.requestQueue
    const schedule = queue.scheduleCheckPendingRequests
    // It does so after each answer, also when nothing waits, and then for a time in the past: younger Node.js versions warn of it.
    queue.scheduleCheckPendingRequests = () => {
      if (queue.pending.length > 0) schedule.call(queue)
    }
  }

  /** Why it ended. */
  get left(): KafkaFailure | undefined {
    return this.#left
  }

  override connect(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#fail = reject
      super.connect().then(resolve, reject)
    })
  }

  /** kafkajs calls it when the connection has ended. */
  override disconnect(): Promise<unknown> {
    this.leave('the broker has closed it')
    return Promise.resolve(true)
  }

  /** kafkajs calls it with what has happened to the socket, before it leaves it. */
  override rejectRequests(error: Error): void {
    this.#left ??= asFailure(error)
    super.rejectRequests(error)
  }

  override processData(bytes: Buffer): void {
    super.processData(bytes)
    if (this.bytesNeeded > maxAnswerBytes)
      this.leave(
        `an answer of ${this.bytesNeeded} bytes: is it a broker, and the listener for this kind of connection?`,
      )
  }

  leave(why: string): void {
    const { socket } = this
    const message = `no connection to ${this.host}:${this.port}: ${why}`
    this.#left ??= new KafkaFailure('NO_CONNECTION', message, { retriable: true })
    this.socket = undefined
    this.connectionStatus = 'disconnected'
    this.chunks = []
    this.bytesBuffered = 0
    this.bytesNeeded = 4
    this.requestQueue.destroy()
    if (socket !== undefined) {
      for (const event of ['data', 'end', 'error', 'timeout']) socket.removeAllListeners(event)
      // What is still to happen to it is of no interest.
      socket.on('error', () => undefined)
      socket.destroy()
    }
    this.#fail(this.#left)
    super.rejectRequests(this.#left)
  }
}

const quiet: Readonly<Record<string, () => unknown>> = {
  namespace: () => quiet,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

interface SocketRequest {
  readonly host: string
  readonly port: number
  readonly ssl: tls.ConnectionOptions | null
  readonly onConnect: () => void
}

/** Small requests leave at once. */
function openSocket({ host, port, ssl, onConnect }: SocketRequest): net.Socket {
  const name = net.isIP(host) === 0 ? { servername: host } : {}
  const socket =
    ssl === null ? net.connect({ host, port }, onConnect) : tls.connect({ host, port, ...name, ...ssl }, onConnect)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return socket
}

function asFailure(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  const { name, type = '' } = error as { readonly name?: string; readonly type?: string }
  const message = error instanceof Error ? error.message : String(error)
  const isRefused = name === 'KafkaJSSASLAuthenticationError' || type.includes('SASL')
  return isRefused
    ? new KafkaFailure('SASL_AUTHENTICATION_FAILED', message, { retriable: false, cause: error })
    : new KafkaFailure('NO_CONNECTION', message, { retriable: true, cause: error })
}
