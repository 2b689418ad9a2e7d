import { Broker, type Encoder } from '@kafkats/client'
import {
  type BrokerConnection,
  type Connect,
  maxAnswerBytes,
  type WireRequest,
} from '../../../runtime/node/kafka/connection.ts'
import { KafkaFailure } from '../../../runtime/node/kafka/failure.ts'
import type { SaslOptions } from '../../../runtime/node/kafka/sasl-options.ts'

/** What a broker of @kafkats/client 0.12.0 holds. Private by its types; its public calls are not all that are needed (no DescribeConfigs). */
interface Inner {
  readonly isConnected: boolean
  connect(): Promise<void>
  send(key: number, version: number, encode: (encoder: Encoder) => void): Promise<Buffer>
  close(waitForPending: boolean): Promise<void>
}

/** A connection of @kafkats/client. */
export const connectKafkats: Connect = async (address, { clientId, ssl, sasl, connectMs, authenticateMs }) => {
  const broker = new Broker({
    ...address,
    nodeId: -1,
    clientId,
    connectionTimeoutMs: connectMs,
    // Whoever asks knows how long to wait.
    requestTimeoutMs: 0x7fff_ffff,
    maxInFlightRequests: 1_000_000,
    maxFrameSize: maxAnswerBytes,
    ...(ssl === undefined ? {} : { tls: { enabled: true, ...(ssl as { ca?: string }) } }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  })
  const { connection } = broker as unknown as { readonly connection: Inner }
  const silence = setTimeout(() => void connection.close(false), connectMs + authenticateMs)
  try {
    await connection.connect()
  } catch (error) {
    await connection.close(false)
    throw asFailure(error)
  } finally {
    clearTimeout(silence)
  }
  return new KafkatsConnection(connection)
}

class KafkatsConnection implements BrokerConnection {
  readonly #connection: Inner

  constructor(connection: Inner) {
    this.#connection = connection
  }

  get isOpen(): boolean {
    return this.#connection.isConnected
  }

  async send({ key, version, body }: WireRequest): Promise<Buffer> {
    try {
      const answer = await this.#connection.send(key, version, (encoder) => encoder.writeRaw(body))
      return answer.subarray(4)
    } catch (error) {
      throw asFailure(error)
    }
  }

  close(): void {
    void this.#connection.close(false)
  }
}

function saslOf(sasl: SaslOptions): NonNullable<ConstructorParameters<typeof Broker>[0]['sasl']> {
  if (sasl.mechanism === 'oauthbearer')
    return { mechanism: 'OAUTHBEARER', oauthBearerProvider: sasl.oauthBearerProvider }
  const { mechanism, ...credentials } = sasl
  const names = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const
  return { mechanism: names[mechanism], ...credentials }
}

function asFailure(error: unknown): KafkaFailure {
  const { name, message } = error as Error
  return /Sasl/.test(name)
    ? new KafkaFailure('SASL_AUTHENTICATION_FAILED', message, { retriable: false, cause: error })
    : new KafkaFailure('NO_CONNECTION', message, { retriable: true, cause: error })
}
