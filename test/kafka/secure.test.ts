import { join } from 'node:path'
import { bind, json, pipeline, run, sink, source } from 'millrace'
import { file } from 'millrace/files'
import { kafka, type KafkaOptions } from 'millrace/kafka'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import { test } from '../support/folder.ts'
import { Broker } from '../support/kafka/broker.ts'
import { unsecuredToken } from '../support/kafka/secure-listener.ts'
import { append, contentOf, freshTopic } from './support/topics.ts'

let broker: Broker
beforeAll(async () => {
  broker = await Broker.start({ secure: true })
}, 180_000)
afterAll(() => broker[Symbol.asyncDispose]())

const numbers = source(
  'numbers',
  json((raw) => raw as number),
)
const doubled = sink(
  'doubled',
  json((raw) => raw as number),
)
const doubling = pipeline('doubling', ({ from }) => {
  from(numbers)
    .map((number) => number * 2)
    .into(doubled)
})

type Way = Pick<KafkaOptions, 'brokers' | 'ssl' | 'sasl'>

const token = (livesMs: number): Way['sasl'] => ({
  mechanism: 'oauthbearer',
  oauthBearerProvider: () => Promise.resolve({ value: unsecuredToken(Date.now() + livesMs) }),
})

const password = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'): Way => {
  const { address, ca, username, password } = broker.secure!
  return { brokers: [address], ssl: { ca }, sasl: { mechanism, username, password } }
}

const ways: Readonly<Record<string, () => Way>> = {
  plain: () => password('plain'),
  'scram-sha-256': () => password('scram-sha-256'),
  'scram-sha-512': () => password('scram-sha-512'),
  oauthbearer: () => ({ ...password('plain'), sasl: token(60_000)! }),
  'a certificate': () => {
    const { ca, password, mutual } = broker.secure!
    return { brokers: [mutual.address], ssl: { ca, pfx: mutual.pfx, passphrase: password } }
  },
}

describe('brokers that want TLS and to know who comes', () => {
  test.for(Object.entries(ways))('are read from and written to (%s)', async ([, way], { folder }) => {
    const client = openKafkaClient({ brokers: [broker.address] })
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    await append(client, from, 0, [{ value: '21' }])
    const ends = [numbers.from(kafka({ topic: from, ...way() })), doubled.to(kafka({ topic: to, ...way() }))]
    await (await run(bind(doubling, ends), { data: folder, once: true })).done
    expect((await contentOf(client, to, 0)).map(({ value }) => value)).toEqual(['42'])
    await client.close()
  })

  const wrongPassword = { username: 'millrace', password: 'wrong' }
  const wrong: Readonly<Record<string, readonly [() => Way, RegExp]>> = {
    'a wrong password (plain)': [
      () => ({ ...password('plain'), sasl: { mechanism: 'plain', ...wrongPassword } }),
      /authentication/i,
    ],
    'a wrong password (scram-sha-512)': [
      () => ({ ...password('plain'), sasl: { mechanism: 'scram-sha-512', ...wrongPassword } }),
      /authentication/i,
    ],
    'a wrong password, where another broker is away': [
      () => ({
        ...password('plain'),
        brokers: [broker.secure!.address, '127.0.0.1:1'],
        sasl: { mechanism: 'plain', ...wrongPassword },
      }),
      /authentication/i,
    ],
    'a token that is too old': [() => ({ ...password('plain'), sasl: token(-1_000)! }), /the token is refused/],
    'a certificate that nobody vouches for': [() => ({ ...password('plain'), ssl: true }), /certificate/i],
    'no certificate where one is wanted': [
      () => ({ brokers: [broker.secure!.mutual.address], ssl: { ca: broker.secure!.ca } }),
      /certificate/i,
    ],
  }

  test.for(Object.entries(wrong))('%s is told at the start', async ([, [way, what]], { folder }) => {
    const end = kafka({ topic: 'any', ...way() })
    const started = run(bind(doubling, [numbers.from(end), doubled.to(file(join(folder, 'doubled')))]), {
      data: join(folder, 'data'),
      once: true,
    })
    await expect(started).rejects.toMatchObject({
      code: 'MR_SOURCE_FAILED',
      message: expect.stringMatching(what) as string,
    })
  })
})
