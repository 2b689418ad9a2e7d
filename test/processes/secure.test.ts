import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect } from 'vitest'
import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import type { Total } from '../kafka/programs/totals.ts'
import { append, contentUntil, freshName, freshTopic } from '../kafka/support/topics.ts'
import { test } from '../support/folder.ts'
import { Broker } from '../support/kafka/broker.ts'
import type { Secured } from './programs/secured-totals.ts'
import { Member } from './support/member.ts'

let broker: Broker
beforeAll(async () => {
  broker = await Broker.start({ secure: true })
}, 180_000)
afterAll(() => broker[Symbol.asyncDispose]())

const program = fileURLToPath(new URL('./programs/secured-totals.ts', import.meta.url))
const partitions = 2
const count = 40

test('processes reach brokers that want TLS and a password as their topics say', { timeout: 120_000 }, async ({
  folder,
}) => {
  const client = openKafkaClient({ brokers: [broker.address] })
  const { address, ca, username, password } = broker.secure!
  const [from, to] = [await freshTopic(client, partitions), await freshTopic(client)]
  const secured: Secured = { address, ca, username, password, from, to }
  const environment = { MILLRACE_TEST_SECURED: JSON.stringify(secured) }
  const application = freshName('secured')
  const members = ['one', 'other'].map((name) => {
    const own = ['--groups', '2', '--data', join(folder, name)]
    return new Member([program, '--application', application, ...own], environment)
  })
  for (const member of members) await member.has(1)
  for (let partition = 0; partition < partitions; partition++) {
    const event = (_: unknown, i: number): { value: string } => ({
      value: JSON.stringify({ key: `k${i % 7}`, value: i }),
    })
    await append(client, from, partition, Array.from({ length: count }, event))
  }
  const written = await contentUntil(client, to, 0, (seen) => seen.length >= partitions * count)
  const lasts = new Map(written.map(({ value }) => JSON.parse(value) as Total).map(({ key, count }) => [key, count]))
  expect([...lasts.values()].reduce((a, b) => a + b)).toBe(partitions * count)
  for (const member of members) await member.stop()
  await client.close()
})
