import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type {
  BrokerAddress,
  BrokerConnection,
  Connect,
  ConnectionOptions,
} from '../../runtime/node/kafka/connection.ts'
import type { WireCall } from '../../runtime/node/kafka/wire/call.ts'
import { fetchCall } from '../../runtime/node/kafka/wire/fetch.ts'
import { listOffsetsCall } from '../../runtime/node/kafka/wire/list-offsets.ts'
import { metadataCall } from '../../runtime/node/kafka/wire/metadata.ts'
import { type Broker } from '../support/kafka/broker.ts'
import { tokenBelievedMs, unsecuredToken } from '../support/kafka/secure-listener.ts'
import { failureOf } from './support/failure-of.ts'
import { Proxy } from './support/proxy.ts'
import { append, freshTopic } from './support/topics.ts'
import type { BrokerInUse } from './support/use-broker.ts'

const plain: ConnectionOptions = {
  clientId: 'contract',
  ssl: undefined,
  sasl: undefined,
  connectMs: 3_000,
  authenticateMs: 10_000,
}
const metadata = metadataCall('asking who is there')
/** What a broker keeps waiting: there is nothing behind the end. */
const waiting = (topic: string, maxWaitMs = 60_000): WireCall<unknown> =>
  fetchCall({
    topic,
    wants: [{ partition: 0, offset: 0, maxBytes: 1 }],
    maxWaitMs,
    maxBytes: 1,
    isolation: 'read_committed',
  })

async function ask<T>(connection: BrokerConnection, { key, version, request, read }: WireCall<T>): Promise<T> {
  return read(await connection.send({ key, version, body: request.bytes }))
}

const lost = { kind: 'NO_CONNECTION', retriable: true }

/** A server that is no broker. */
class Stranger implements AsyncDisposable {
  readonly #server = createServer()
  readonly sockets: Socket[] = []
  readonly ended: Promise<unknown>[] = []

  static async start(greet: (socket: Socket) => void): Promise<Stranger> {
    const stranger = new Stranger()
    stranger.#server.on('connection', (socket) => {
      stranger.sockets.push(socket)
      socket.on('error', () => undefined)
      // Whoever does not read does not hear of the end.
      socket.resume()
      stranger.ended.push(once(socket, 'close'))
      greet(socket)
    })
    stranger.#server.listen(0, '127.0.0.1')
    await once(stranger.#server, 'listening')
    return stranger
  }

  get address(): BrokerAddress {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await once(this.#server.close(), 'close')
  }
}

function addressOf(broker: string): BrokerAddress {
  const [host = '', port] = broker.split(':')
  return { host, port: Number(port) }
}

export interface ConnectionContractOptions {
  /** Rules that it is known to break: a name of a test each. They are tried, and it is an error when one holds. */
  readonly breaks?: readonly string[]
}

/** Every rule of runtime/node/kafka/connection.ts as tests, against a real broker with secure listeners that nobody else uses. */
export function connectionContract(
  connect: Connect,
  outside: BrokerInUse & { readonly broker: Broker },
  { breaks = [] }: ConnectionContractOptions = {},
): void {
  const rule = (name: string, body: () => Promise<void>, timeLimitMs?: number): void => {
    if (!breaks.includes(name)) test(name, body, timeLimitMs)
    else test(`breaks: ${name}`, async () => expect(body()).rejects.toBeInstanceOf(Error), timeLimitMs)
  }
  const open = (options: Partial<ConnectionOptions> = {}, via: Connect = connect): Promise<BrokerConnection> =>
    via(addressOf(outside.brokers[0]!), { ...plain, ...options })
  const isUsable = async (connection: BrokerConnection): Promise<void> => {
    expect((await ask(connection, metadata)).nodes.size).toBe(1)
    connection.close()
  }

  describe('requests and answers', () => {
    rule('each of many at once gets its own answer, in the order of the requests (N2)', async () => {
      const topic = await freshTopic(outside.client, 8)
      for (let i = 1; i < 8; i++)
        await append(
          outside.client,
          topic,
          i,
          Array.from({ length: i }, () => ({ value: 'x' })),
        )
      const connection = await open()
      const order: number[] = []
      const answers = Array.from({ length: 300 }, async (_, i) => {
        const answer = await ask(connection, listOffsetsCall(topic, [(i * 5) % 8], 'high'))
        order.push(i)
        return [...answer]
      })
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 300 }, (_, i) => [[(i * 5) % 8, (i * 5) % 8]]))
      expect(order).toEqual(Array.from({ length: 300 }, (_, i) => i))
      connection.close()
    })

    rule('a large answer comes whole, and stays as it was (N2)', async () => {
      const topic = await freshTopic(outside.client)
      for (let i = 0; i < 8; i++)
        await append(outside.client, topic, 0, [{ value: Buffer.alloc(900_000, `part ${i};`) }])
      const all = fetchCall({
        topic,
        wants: [{ partition: 0, offset: 0, maxBytes: 8 << 20 }],
        maxWaitMs: 100,
        maxBytes: 8 << 20,
        isolation: 'read_committed',
      })
      const connection = await open()
      const body = all.request.bytes
      const first = await connection.send({ key: all.key, version: all.version, body })
      const copy = Buffer.from(first)
      expect(all.read(first)[0]!.next).toBe(8)
      for (let i = 0; i < 5; i++) await ask(connection, all)
      expect(copy.equals(first)).toBe(true)
      connection.close()
    })

    rule('on a way that carries a few bytes at a time (N2)', async () => {
      await using proxy = await Proxy.start()
      const connection = await open({}, proxy.through(connect))
      proxy.slow({ pieceBytes: 3, pauseMs: 1 })
      const answers = await Promise.all([1, 2, 3].map(() => ask(connection, metadata)))
      expect(answers.map(({ nodes }) => nodes.size)).toEqual([1, 1, 1])
      connection.close()
    })

    rule('what the broker refuses is an answer like others', async () => {
      const connection = await open()
      const none = metadataCall('asking', 'topic-that-nobody-made')
      expect(await failureOf(ask(connection, none))).toMatchObject({ kind: 'UNKNOWN_TOPIC_OR_PARTITION' })
      await isUsable(connection)
    })
  })

  describe('the end of a connection', () => {
    rule('cut while requests wait: all reject, and it is not open again (N3, N4, N7)', async () => {
      await using proxy = await Proxy.start()
      const topic = await freshTopic(outside.client)
      const connection = await open({}, proxy.through(connect))
      await ask(connection, metadata)
      const asked = [waiting(topic), metadata, metadata].map((call) => failureOf(ask(connection, call)))
      proxy.cut()
      for (const failure of await Promise.all(asked)) expect(failure).toMatchObject(lost)
      expect(connection.isOpen).toBe(false)
      expect(await failureOf(ask(connection, metadata))).toMatchObject(lost)
    })

    rule('cut in the middle of an answer: it rejects, and the next connection begins anew (N3)', async () => {
      await using half = await Stranger.start((socket) =>
        socket.once('data', () => socket.end(Buffer.from([0, 0, 1, 0, 0, 0, 0]))),
      )
      const connection = await connect(half.address, plain)
      expect(await failureOf(ask(connection, metadata))).toMatchObject(lost)
      expect(connection.isOpen).toBe(false)
      await isUsable(await open())
    })

    rule('close: what waits rejects, and nothing is left behind (N3, N5)', async () => {
      await using silent = await Stranger.start(() => undefined)
      const resources = (): string[] => process.getActiveResourcesInfo().filter((each) => each !== 'TickObject')
      const before = resources().length
      const connections = await Promise.all([1, 2, 3].map(() => connect(silent.address, plain)))
      const asked = connections.flatMap((connection) => [1, 2].map(() => failureOf(ask(connection, metadata))))
      for (const connection of connections) {
        connection.close()
        connection.close()
        expect(connection.isOpen).toBe(false)
      }
      for (const failure of await Promise.all(asked)) expect(failure).toMatchObject(lost)
      await Promise.all(silent.ended)
      // The sockets of the server are gone with the others.
      expect(resources().length).toBeLessThanOrEqual(before)
    })

    rule('an answer that is too large is not waited for (N4)', async () => {
      await using liar = await Stranger.start((socket) =>
        socket.once('data', () => socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]))),
      )
      const connection = await connect(liar.address, plain)
      expect(await failureOf(ask(connection, metadata))).toMatchObject(lost)
      await Promise.all(liar.ended)
      expect(connection.isOpen).toBe(false)
    })
  })

  describe('who may come in', () => {
    const secure = (): NonNullable<Broker['secure']> => outside.broker.secure!
    const come = (options: Partial<ConnectionOptions>, address: string = secure().address): Promise<BrokerConnection> =>
      connect(addressOf(address), { ...plain, ssl: { ca: secure().ca }, ...options })

    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      rule(`a password, over TLS (${mechanism})`, async () => {
        const { username, password } = secure()
        await isUsable(await come({ sasl: { mechanism, username, password } }))
      })

      rule(`not with a wrong password (${mechanism}, N7)`, async () => {
        const sasl = { mechanism, username: secure().username, password: 'wrong' }
        expect(await failureOf(come({ sasl }))).toMatchObject({ kind: 'SASL_AUTHENTICATION_FAILED', retriable: false })
      })
    }

    rule('a token, and another before it is too old (N6)', async () => {
      const tokens: string[] = []
      const oauthBearerProvider = (): Promise<{ value: string }> => {
        const value = unsecuredToken(Date.now() + 60_000)
        tokens.push(value)
        return Promise.resolve({ value })
      }
      const connection = await come({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } })
      const topic = await freshTopic(outside.client)
      while (tokens.length === 1) await ask(connection, metadata)
      // The broker ends connections that go on with a token that is too old, as the first one is when it has answered this.
      await ask(connection, waiting(topic, tokenBelievedMs))
      await isUsable(connection)
    })

    rule('not with a token that is too old (N7)', async () => {
      const oauthBearerProvider = (): Promise<{ value: string }> =>
        Promise.resolve({ value: unsecuredToken(Date.now() - 1_000) })
      const failure = await failureOf(come({ sasl: { mechanism: 'oauthbearer', oauthBearerProvider } }))
      expect(failure).toMatchObject({ kind: 'SASL_AUTHENTICATION_FAILED', retriable: false })
    })

    rule('whoever has a certificate (N6)', async () => {
      const { ca, password, mutual } = secure()
      await isUsable(await come({ ssl: { ca, pfx: mutual.pfx, passphrase: password } }, mutual.address))
    })

    rule('not without a certificate (N7)', async () => {
      const knock = async (): Promise<void> => isUsable(await come({}, secure().mutual.address))
      expect(await failureOf(knock())).toMatchObject(lost)
    })

    rule('TLS with options that only a few need (N6)', async () => {
      const { username, password } = secure()
      let checked = ''
      const ssl = {
        ca: secure().ca,
        checkServerIdentity: (host: string) => {
          checked = host
          return undefined
        },
      }
      await isUsable(await come({ ssl, sasl: { mechanism: 'plain', username, password } }))
      expect(checked).toBe('127.0.0.1')
    })

    rule('a broker that nobody vouches for is not talked to, and the message says why (N1)', async () => {
      const failure = await failureOf(come({ ssl: {} }))
      expect([failure.kind, failure.message]).toEqual(['NO_CONNECTION', expect.stringMatching(/certificate/)])
    })

    const sasl = { mechanism: 'plain', username: 'somebody', password: 'something' } as const

    rule('a connection that is lost while the broker asks who we are is no refusal (N7)', async () => {
      await using rude = await Stranger.start((socket) => socket.once('data', () => socket.destroy()))
      expect(await failureOf(connect(rude.address, { ...plain, sasl }))).toMatchObject(lost)
    })

    rule('nor is a broker that does not answer, for which nobody waits longer than allowed (N1)', async () => {
      await using silent = await Stranger.start(() => undefined)
      const limits = { connectMs: 300, authenticateMs: 300 }
      expect(await failureOf(connect(silent.address, { ...plain, sasl, ...limits }))).toMatchObject(lost)
      expect(await failureOf(connect(silent.address, { ...plain, ssl: {}, ...limits }))).toMatchObject(lost)
      await Promise.all(silent.ended)
    })

    rule('one that hangs up in the middle of TLS is away (N1)', async () => {
      await using rude = await Stranger.start((socket) => socket.once('data', () => socket.end()))
      expect(await failureOf(connect(rude.address, { ...plain, ssl: {} }))).toMatchObject(lost)
    })

    rule('plain text where TLS is wanted is told at once (N4)', async () => {
      const knock = async (): Promise<void> => isUsable(await connect(addressOf(secure().address), plain))
      expect(await failureOf(knock())).toMatchObject(lost)
    })
  })

  // Last: a broker takes its time.
  rule(
    'a broker that is killed, away, and back (N1, N3)',
    async () => {
      const topic = await freshTopic(outside.client)
      const connection = await open()
      const asked = failureOf(ask(connection, waiting(topic)))
      await outside.broker.kill()
      expect(await asked).toMatchObject(lost)
      expect(await failureOf(open())).toMatchObject(lost)
      await outside.broker.restart()
      await isUsable(await open())
    },
    120_000,
  )
}
