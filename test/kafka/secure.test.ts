import { bind, json, pipeline, run, sink, source } from 'millrace'
import { kafka } from 'millrace/kafka'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { openKafkaJsClient } from '../../runtime/node/kafka/kafkajs/open-client.ts'
import { test } from '../support/folder.ts'
import { Broker } from '../support/kafka/broker.ts'
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

describe('brokers that want TLS and a password', () => {
  test.for(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'are read from and written to (%s)',
    async (mechanism, { folder }) => {
      const { address, ca, username, password } = broker.secure!
      const client = openKafkaJsClient({ brokers: [broker.address] })
      const [from, to] = [await freshTopic(client), await freshTopic(client)]
      await append(client, from, 0, [{ value: '21' }])
      const secure = { brokers: [address], ssl: { ca }, sasl: { mechanism, username, password } }
      const ends = [numbers.from(kafka({ topic: from, ...secure })), doubled.to(kafka({ topic: to, ...secure }))]
      await (await run(bind(doubling, ends), { data: folder, once: true })).done
      expect((await contentOf(client, to, 0)).map(({ value }) => value)).toEqual(['42'])
      await client.close()
    },
  )

  test.for([
    ['a wrong password', 'plain', { password: 'wrong' }, /authentication/i],
    ['a wrong password', 'scram-sha-512', { password: 'wrong' }, /authentication/i],
    ['a certificate that nobody vouches for', 'plain', { ca: undefined }, /certificate/i],
  ] as const)('%s (%s) is told at the start', async ([, mechanism, wrong, what], { folder }) => {
    const { address, ...secure } = broker.secure!
    const { ca, username, password } = { ...secure, ...wrong }
    const end = kafka({
      topic: 'any',
      brokers: [address],
      ssl: ca === undefined ? true : { ca },
      sasl: { mechanism, username, password },
    })
    const started = run(bind(doubling, [numbers.from(end), doubled.to(kafka({ topic: 'other' }))]), {
      data: folder,
      once: true,
    })
    await expect(started).rejects.toMatchObject({
      code: 'MR_SOURCE_FAILED',
      message: expect.stringMatching(what) as string,
    })
  })
})
