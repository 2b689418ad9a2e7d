import { avro } from 'millrace/avro'
import { bind, pipeline, run, sink, source } from 'millrace'
import { kafka } from 'millrace/kafka'
import { expect } from 'vitest'
import { avroLanguage } from '../../runtime/node/registry/avro.ts'
import { SubjectFormat } from '../../runtime/node/registry/subject-format.ts'
import { test } from '../support/folder.ts'
import { SchemaRegistry } from '../support/schema-registry.ts'
import { append, contentOf, freshTopic } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

interface Reading {
  sensor: string
  celsius: number
}

const schema = {
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'sensor', type: 'string' },
    { name: 'celsius', type: 'double' },
  ],
}

test('from topic to topic in Avro, with schemas in a registry', async ({ folder }) => {
  await using registry = await SchemaRegistry.start()
  const { client, brokers } = outside
  const [from, to] = [await freshTopic(client), await freshTopic(client)]
  const format = (topic: string) =>
    avro({
      registry: { url: registry.url },
      subject: `${topic}-value`,
      schema,
      shape: (raw) => raw as Reading,
    })
  const clientOf = (topic: string): SubjectFormat =>
    new SubjectFormat(
      { registry: { url: registry.url }, subject: `${topic}-value`, register: true },
      avroLanguage(JSON.stringify(schema)),
    )
  const readings = source('readings', format(from))
  const warm = sink('warm', format(to), { key: ({ sensor }) => sensor })
  const sieve = pipeline('sieve', ({ from }) => {
    from(readings)
      .filter(({ celsius }) => celsius > 20)
      .into(warm)
  })
  const writer = clientOf(from)
  await writer.prepareWriting()
  await append(client, from, 0, [
    { value: writer.encode({ sensor: 'a', celsius: 19.5 }) },
    { value: writer.encode({ sensor: 'b', celsius: 21.5 }) },
  ])
  const program = bind(sieve, [readings.from(kafka({ topic: from, brokers })), warm.to(kafka({ topic: to, brokers }))])
  await (await run(program, { data: folder, once: true })).done
  const reader = clientOf(to)
  await reader.prepareReading()
  const values = (await contentOf(client, to, 0)).map(({ bytes }) => reader.decode(bytes))
  expect(values).toEqual([{ sensor: 'b', celsius: 21.5 }])
})
