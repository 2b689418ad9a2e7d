import { bind, json, pipeline, run, sink } from 'millrace'
import { kafka } from 'millrace/kafka'
import { describe, expect } from 'vitest'
import { Prng } from '../../runtime/base/prng.ts'
import { openSink, SinkScript, writeSink } from '../../runtime/ports/contracts/sink-script.ts'
import type { OutputBatch } from '../../runtime/ports/sink.ts'
import { test } from '../support/folder.ts'
import counting, { type Event, events, type Total, totals } from './programs/totals.ts'
import { drawnFaults } from './support/faulty-client.ts'
import { faultySink, sinkOf } from './support/topic-sink-under-test.ts'
import { append, contentOf, freshTopic } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

/** `key` and text of an output. */
type Output = readonly [key: string | undefined, value: string]

function outputsOf({ keys, count, buffer, starts, ends }: OutputBatch): Output[] {
  const decoder = new TextDecoder()
  return Array.from({ length: count }, (_, i) => [keys![i], decoder.decode(buffer.subarray(starts[i], ends[i]))])
}

/** Without those whose key comes again. */
function lastOfEach(outputs: readonly Output[]): Output[] {
  return outputs.filter(([key], i) => !outputs.slice(i + 1).some(([later]) => later === key))
}

async function seenIn(topic: string): Promise<Output[]> {
  return (await contentOf(outside.client, topic, 0)).map(({ key, value }) => [key, value])
}

describe('the latest of each key', () => {
  test.for([1, 2, 3])('is all that a transaction holds, whatever is lost (seed %i)', async (seed) => {
    const topic = await freshTopic(outside.client)
    const prng = new Prng(0, seed)
    const expected: Output[] = []
    let script = new SinkScript()
    for (let round = 0; round < 3; round++) {
      const sink = await faultySink(outside, topic, drawnFaults(prng), { latest: true })
      const positions = await openSink(sink)
      // Every output counts, those that were overtaken as well.
      expect([...positions].sort((a, b) => a.shard - b.shard)).toEqual(
        [...script.positions()].sort((a, b) => a.shard - b.shard),
      )
      script = new SinkScript(positions)
      for (let i = 0; i < 10; i++) {
        const shards = Array.from({ length: prng.below(12) + 1 }, () => prng.below(3))
        const batch = { ...script.batch(shards), keys: shards.map(() => `key ${prng.below(5)}`) }
        expect(await writeSink(sink, batch)).toBe('done')
        expected.push(...lastOfEach(outputsOf(batch)))
      }
      await sink.close()
    }
    expect(await seenIn(topic)).toEqual(expected)
  })

  test('of batches that leave together is that of the last one', async () => {
    const topic = await freshTopic(outside.client)
    const sink = await sinkOf(outside, topic, { latest: true })
    const script = new SinkScript(await openSink(sink))
    const batches = [['a', 'b'], ['c'], ['b', 'c', 'b'], ['d']].map((keys) => ({
      ...script.batch(keys.map((_, i) => i % 2)),
      keys,
    }))
    await Promise.all(batches.map((batch) => writeSink(sink, batch)))
    await sink.close()
    expect(await seenIn(topic)).toEqual(lastOfEach(batches.flatMap(outputsOf)))
  })

  test('is named for its number among all outputs when the sink is idempotent', async () => {
    const topic = await freshTopic(outside.client)
    const sink = await sinkOf(outside, topic, { latest: true, guarantee: 'idempotent', id: 'out' })
    await openSink(sink)
    const script = new SinkScript()
    await writeSink(sink, { ...script.batch([1, 2, 1, 1, 2]), keys: ['a', 'b', 'a', 'c', 'd'] })
    await writeSink(sink, { ...script.batch([1, 1]), keys: ['a', 'a'] })
    await sink.close()
    const names = (await contentOf(outside.client, topic, 0)).map(({ headers }) => headers['millrace-id'])
    expect(names).toEqual(['out/2/1', 'out/1/2', 'out/1/3', 'out/2/2', 'out/1/5'])
  })
})

describe('from topic to topic', () => {
  test('the last count of every key is there, few of those before it, and none twice', async ({ folder }) => {
    const { client, brokers } = outside
    const [from, to] = [await freshTopic(client, 2), await freshTopic(client)]
    const program = bind(counting, [
      events.from(kafka({ topic: from, brokers })),
      totals.to(kafka({ topic: to, brokers, latest: true })),
    ])
    const expected = new Map<string, number>()
    for (let round = 0; round < 3; round++) {
      const list = Array.from({ length: 4_000 }, (_, i): Event => ({ key: `key ${(i * (round + 7)) % 20}`, value: i }))
      for (const { key } of list) expected.set(key, (expected.get(key) ?? 0) + 1)
      for (const partition of [0, 1]) {
        const records = list.filter((_, i) => i % 2 === partition).map((event) => ({ value: JSON.stringify(event) }))
        await append(client, from, partition, records)
      }
      await (await run(program, { data: folder, once: true })).done
    }
    const last = new Map<string, number>()
    const seen = await contentOf(client, to, 0)
    for (const { value } of seen) {
      const { key, count } = JSON.parse(value) as Total
      expect(count).toBeGreaterThan(last.get(key) ?? 0)
      last.set(key, count)
    }
    expect(last).toEqual(expected)
    expect(seen.length).toBeLessThan(6_000)
  })

  test('a sink without keys has none', async ({ folder }) => {
    const keyless = sink(
      'keyless',
      json((raw) => raw as Event),
    )
    const passing = pipeline('passing', ({ from }) => {
      from(events).into(keyless)
    })
    const ends = [events.from([{ key: 'a', value: 1 }]), keyless.to(kafka({ topic: 'any', latest: true }))]
    await expect(run(bind(passing, ends), { data: folder })).rejects.toMatchObject({
      code: 'MR_PROGRAM_INVALID',
      message: expect.stringContaining('have no keys') as string,
    })
  })
})
