import { fileURLToPath } from 'node:url'
import { bind, deadLetters, json, pipeline, run, sink, source } from 'millrace'
import { kafka } from 'millrace/kafka'
import { describe, expect } from 'vitest'
import { millrace } from '../cli/support/command.ts'
import { test } from '../support/folder.ts'
import { type Order, spending } from '../support/spending.ts'
import { append, contentOf, contentUntil, freshTopic, withAdmin } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

const orders = source(
  'orders',
  json((raw) => raw as Order),
)
const totals = sink(
  'totals',
  json((raw) => raw as Order),
  { key: ({ customer }) => customer },
)
const spent = spending(orders, totals)

const order = (customer: string, cents: number): { key: string; value: string } => ({
  key: customer,
  value: JSON.stringify({ customer, cents }),
})

const seenIn = async (topic: string): Promise<unknown[]> =>
  (await contentOf(outside.client, topic, 0)).map(({ key, value }) => {
    const { customer, cents } = JSON.parse(value) as Order
    expect(key).toBe(customer)
    return [customer, cents]
  })

describe('from topic to topic', () => {
  test('to the end, and later on where it was; other tools see how far it is', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    const program = bind(spent, [
      orders.from(kafka({ topic: from, brokers, group: `group.${from}` })),
      totals.to(kafka({ topic: to, brokers })),
    ])
    await append(client, from, 0, [order('ann', 5), order('bob', 2)])
    await (await run(program, { data: folder, once: true })).done
    await append(client, from, 0, [order('ann', 1)])
    await (await run(program, { data: folder, once: true })).done
    expect(await seenIn(to)).toEqual([
      ['ann', 5],
      ['bob', 2],
      ['ann', 6],
    ])
    expect((await client.committedOffsets(`group.${from}`, from, [0])).get(0)).toBe(3)
  })

  test('the time of an event is that of its record', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    await append(client, from, 0, [order('ann', 5)])
    const { timeMs } = (await contentOf(client, from, 0))[0]!
    const ends = [orders.from(kafka({ topic: from, brokers })), totals.to(kafka({ topic: to, brokers }))]
    await (await run(bind(spent, ends), { data: folder, once: true })).done
    expect(JSON.parse((await contentOf(client, to, 0))[0]!.value)).toMatchObject({ time: timeMs })
  })

  test('it follows the topic, and takes partitions that it is given later', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    const end = kafka({ topic: from, brokers, newPartitionsMs: 50 })
    const program = bind(spent, [orders.from(end), totals.to(kafka({ topic: to, brokers }))])
    const running = await run(program, { data: folder })
    await append(client, from, 0, [order('ann', 5)])
    await contentUntil(client, to, 0, ({ length }) => length === 1)
    await withAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic: from, count: 2 }] }))
    await append(client, from, 1, [order('ann', 7)])
    await contentUntil(client, to, 0, ({ length }) => length === 2)
    await running.stop()
    expect(await seenIn(to)).toEqual([
      ['ann', 5],
      ['ann', 12],
    ])
  })

  test("from 'latest' is decided once: what comes while it is stopped is read", async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    const program = bind(spent, [
      orders.from(kafka({ topic: from, brokers, from: 'latest' })),
      totals.to(kafka({ topic: to, brokers })),
    ])
    await append(client, from, 0, [order('ann', 1)])
    await (await run(program, { data: folder, once: true })).done
    await append(client, from, 0, [order('ann', 10)])
    await (await run(program, { data: folder, once: true })).done
    expect(await seenIn(to)).toEqual([['ann', 10]])
  })

  test('steps without an entity have the same guarantee, and need no key', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    const cheap = sink(
      'cheap',
      json((raw) => raw as Order),
    )
    const sieve = pipeline('sieve', ({ from }) => {
      from(orders)
        .filter(({ cents }) => cents < 10)
        .into(cheap)
    })
    await append(client, from, 0, [order('ann', 5), order('bob', 50), order('cy', 7)])
    const program = bind(sieve, [orders.from(kafka({ topic: from, brokers })), cheap.to(kafka({ topic: to, brokers }))])
    for (let i = 0; i < 2; i++) await (await run(program, { data: folder, once: true })).done
    expect((await contentOf(client, to, 0)).map(({ key, value }) => [key, JSON.parse(value) as Order])).toEqual([
      [undefined, { customer: 'ann', cents: 5 }],
      [undefined, { customer: 'cy', cents: 7 }],
    ])
  })

  test('idempotent: each record says which it is', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    await append(client, from, 0, [order('ann', 1), order('ann', 2)])
    const program = bind(spent, [
      orders.from(kafka({ topic: from, brokers })),
      totals.to(kafka({ topic: to, brokers, guarantee: 'idempotent', id: 'spent' })),
    ])
    await (await run(program, { data: folder, once: true })).done
    const ids = (await contentOf(client, to, 0)).map(({ headers }) => headers['millrace-id'])
    expect(ids).toEqual([expect.stringMatching(/^spent\/\d+\/1$/), expect.stringMatching(/^spent\/\d+\/2$/)])
  })

  test('dead letters say in headers why and from where', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to, dead] = [await freshTopic(client), await freshTopic(client), await freshTopic(client)]
    await append(client, from, 0, [order('ann', 1), { value: 'no JSON' }, order('bob', -1)])
    const program = bind(spent, [
      orders.from(kafka({ topic: from, brokers })),
      totals.to(kafka({ topic: to, brokers })),
      deadLetters.to(kafka({ topic: dead, brokers })),
    ])
    await (await run(program, { data: folder, once: true })).done
    const letters = await contentOf(client, dead, 0)
    expect(letters.map(({ headers }) => headers)).toEqual([
      expect.objectContaining({
        'millrace-code': 'MR_DECODE_FAILED',
        'millrace-source': 'orders',
        'millrace-partition': '0',
        'millrace-position': '1',
      }),
      expect.objectContaining({
        'millrace-code': 'MR_HANDLER_FAILED',
        'millrace-entity': 'customer',
        'millrace-key': 'bob',
      }),
    ])
    expect(JSON.parse(letters[0]!.value)).toMatchObject({ message: 'no JSON' })
  })
})

describe('on the command line', () => {
  test('a topic is a URI', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client), await freshTopic(client)]
    await append(client, from, 0, [{ value: '{"key":"a","value":3}' }, { value: '{"key":"a","value":4}' }])
    const program = fileURLToPath(new URL('./programs/totals.ts', import.meta.url))
    const uri = (topic: string): string => `kafka://${brokers[0]}/${topic}`
    const ends = ['--in', `events=${uri(from)}`, '--out', `totals=${uri(to)}?compression=gzip`]
    expect(await millrace('explain', program, ...ends)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('effectively-once') as string,
    })
    expect(await millrace('run', program, ...ends, '--data', folder, '--once')).toMatchObject({ code: 0 })
    expect((await contentOf(client, to, 0)).map(({ value }) => (JSON.parse(value) as { sum: number }).sum)).toEqual([
      3, 7,
    ])
  })
})

describe('what cannot be right is said before anything is read', () => {
  test.each([
    [{ topic: 'a b' }, 'cannot be called "a b"'],
    [{ topic: 'a', brokers: [] }, 'brokers that cannot be reached'],
    [{ topic: 'a', brokers: ['localhost'] }, 'brokers that cannot be reached'],
    [{ topic: 'a', from: 'yesterday' as 'latest' }, 'cannot be read from "yesterday"'],
    [{ topic: 'a', guarantee: 'some' as 'idempotent' }, 'has the guarantee "some"'],
  ])('%j', (options, what) => {
    expect(() => kafka(options)).toThrow(
      expect.objectContaining({ code: 'MR_PROGRAM_INVALID', message: expect.stringContaining(what) as string }),
    )
  })

  test('a program that reads the topic it writes', async ({ folder }) => {
    const end = kafka({ topic: 'circle', brokers: ['127.0.0.1:1'] })
    await expect(run(bind(spent, [orders.from(end), totals.to(end)]), { data: folder })).rejects.toMatchObject({
      code: 'MR_END_BOUND_TWICE',
    })
  })
})
