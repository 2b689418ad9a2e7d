import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigResourceTypes } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { judgeContent, openSink, SinkScript, writeSink } from '../../runtime/ports/contracts/sink-script.ts'
import { Prng } from '../../runtime/base/prng.ts'
import type { KafkaProducer } from '../../runtime/node/kafka/client.ts'
import { isRetriable, KafkaFailure } from '../../runtime/node/kafka/failure.ts'
import { PositionsTopic } from '../../runtime/node/kafka/sink/positions-topic.ts'
import { patiently } from '../../runtime/node/patiently.ts'
import { drawnFaults } from './support/faulty-client.ts'
import { Proxy } from './support/proxy.ts'
import { faultySink, sinkOf } from './support/topic-sink-under-test.ts'
import { append, contentOf, freshName, freshTopic, ledBy, removeTopic, withAdmin } from './support/topics.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

class Gate {
  open: () => void = () => undefined
  readonly passed: Promise<void> = new Promise((resolve) => {
    this.open = resolve
  })
}

async function problemsOf(topic: string, script: SinkScript): Promise<string[]> {
  const content = await contentOf(outside.client, topic, 0)
  return judgeContent(
    content.map(({ value }) => new TextEncoder().encode(value)),
    script.positions(),
  )
}

describe('a transaction whose end is not known (X3)', () => {
  test.each([
    ['commit', 'answer'],
    ['commit', 'request'],
    ['send', 'answer'],
    ['send', 'request'],
  ] as const)('at %s the %s is lost: each output is there once', async (call, fault) => {
    const topic = await freshTopic(outside.client)
    let armed = false
    const sink = await faultySink(outside, topic, (at) => {
      if (!armed || at !== call) return undefined
      armed = false
      return fault
    })
    const script = new SinkScript(await openSink(sink))
    for (let i = 0; i < 4; i++) {
      armed = i % 2 === 1
      expect(await writeSink(sink, script.batch([1, 2, i]))).toBe('done')
    }
    await sink.close()
    expect(await problemsOf(topic, script)).toEqual([])
  })

  test.each([1, 2, 3])('with faults wherever seed %i wants them, openings included', async (seed) => {
    const topic = await freshTopic(outside.client)
    const prng = new Prng(0, seed)
    let script = new SinkScript()
    for (let round = 0; round < 3; round++) {
      const sink = await faultySink(outside, topic, drawnFaults(prng))
      const positions = await openSink(sink)
      expect([...positions].sort((a, b) => a.shard - b.shard)).toEqual(
        [...script.positions()].sort((a, b) => a.shard - b.shard),
      )
      script = new SinkScript(positions)
      for (let i = 0; i < 12; i++) expect(await writeSink(sink, script.batch([i % 4, 5]))).toBe('done')
      await sink.close()
    }
    expect(await problemsOf(topic, script)).toEqual([])
  })
})

describe('two that believe to be the same sink (X2, X4)', () => {
  test('a transaction of the older one that is open when the newer one opens is never seen', async () => {
    const topic = await freshTopic(outside.client)
    const [held, atCommit] = [new Gate(), new Gate()]
    let commits = 0
    const older = await faultySink(outside, topic, async (call) => {
      if (call !== 'commit' || ++commits < 3) return undefined
      atCommit.open()
      await held.passed
      return undefined
    })
    const script = new SinkScript(await openSink(older))
    expect(await writeSink(older, script.batch([1, 1]))).toBe('done')
    const late = writeSink(older, new SinkScript(script.positions()).batch([1, 2]))
    await atCommit.passed
    const newer = await sinkOf(outside, topic)
    const next = new SinkScript(await openSink(newer))
    expect(next.positions()).toEqual(script.positions())
    held.open()
    expect(await late).toBe('MR_FENCED')
    expect(await writeSink(newer, next.batch([1, 2, 3]))).toBe('done')
    await older.close()
    await newer.close()
    expect(await problemsOf(topic, next)).toEqual([])
  })

  test('an older one that lost its connection does not come back, and does not stop the newer one', async () => {
    const topic = await freshTopic(outside.client)
    let lose = false
    const older = await faultySink(outside, topic, (call) => (lose && call === 'send' ? 'request' : undefined))
    const script = new SinkScript(await openSink(older))
    await writeSink(older, script.batch([1, 2]))
    const newer = await sinkOf(outside, topic)
    const next = new SinkScript(await openSink(newer))
    lose = true
    expect(await writeSink(older, script.batch([1]))).toBe('MR_FENCED')
    for (let i = 0; i < 5; i++) expect(await writeSink(newer, next.batch([i]))).toBe('done')
    expect(await writeSink(older, script.batch([1]))).toBe('MR_FENCED')
    await older.close()
    await newer.close()
    expect(await problemsOf(topic, next)).toEqual([])
  })

  test('a transaction that the broker took back because it took too long is written again', async () => {
    const topic = await freshTopic(outside.client)
    let slow = false
    const sink = await faultySink(outside, topic, async (call) => {
      if (!slow || call !== 'commit') return undefined
      slow = false
      // Whoever opens the id does to it what the broker does after the time limit.
      await outside.client.producer({ transactionalId: `test.${topic}`, transactionTimeoutMs: 60_000 }).open()
      return undefined
    })
    const script = new SinkScript(await openSink(sink))
    for (let i = 0; i < 6; i++) {
      slow = i % 2 === 1
      expect(await writeSink(sink, script.batch([1, i]))).toBe('done')
    }
    await sink.close()
    expect(await problemsOf(topic, script)).toEqual([])
  })
})

test('connections that are cut again and again: each output is there once', async () => {
  const topic = await freshTopic(outside.client)
  await using proxy = await Proxy.start()
  const sink = await sinkOf(outside, topic, { connect: proxy.connect })
  const script = new SinkScript(await openSink(sink))
  const outcomes: Promise<string>[] = []
  /** Some batches come while others are under way, some when there is nothing else. */
  const writeUntilCutAfter = async (bytes: number): Promise<void> => {
    const { cuts } = proxy
    void proxy.cutAfter(bytes)
    for (let i = 0; proxy.cuts === cuts; i++) {
      const written = writeSink(sink, script.batch([bytes % 5, i % 6, 7]))
      outcomes.push(written)
      if (i % 3 === bytes % 3) await written
    }
  }
  // So that cuts come in the middle of everything: of coming back, of one transaction or several, of their beginning or end.
  for (let cut = 0; cut < 25; cut++) await writeUntilCutAfter(1 + cut * 101)
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['done']))
  await sink.close()
  expect(await problemsOf(topic, script)).toEqual([])
})

test('connections that are slow, and cut while they are: each output is there once', async () => {
  const topic = await freshTopic(outside.client)
  await using proxy = await Proxy.start()
  const sink = await sinkOf(outside, topic, { connect: proxy.connect })
  const script = new SinkScript(await openSink(sink))
  const outcomes: Promise<string>[] = []
  for (const pieceBytes of [1, 7, 64, 1_000]) {
    proxy.slow({ pieceBytes, pauseMs: 1 })
    const isCut = proxy.cutAfter(100 + 2 * pieceBytes)
    for (let i = 0; i < 6; i++) outcomes.push(writeSink(sink, script.batch([1, i, 7])))
    await isCut
  }
  // So slow that somebody might give up: for that, time must pass in which nothing arrives.
  proxy.slow({ pieceBytes: 100, pauseMs: 1_000 })
  outcomes.push(writeSink(sink, script.batch([1, 2])))
  await sleep(1_500)
  proxy.slow(undefined)
  outcomes.push(writeSink(sink, script.batch([3])))
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['done']))
  await sink.close()
  expect(await problemsOf(topic, script)).toEqual([])
})

describe('a transaction of somebody else on the positions, whose end is decided and not yet to be seen', () => {
  /** A sink that has written something, and an open transaction that says it has written more. */
  async function leftOpen(): Promise<{ topic: string; other: KafkaProducer; more: SinkScript }> {
    const topic = await freshTopic(outside.client)
    const sink = await sinkOf(outside, topic)
    const script = new SinkScript(await openSink(sink))
    expect(await writeSink(sink, script.batch([1, 2]))).toBe('done')
    await sink.close()
    const more = new SinkScript(script.positions())
    more.batch([1])
    const other = outside.client.producer({ transactionalId: freshName('other'), transactionTimeoutMs: 60_000 })
    await other.open()
    const lanes = new Map(more.positions().map((position) => [position.shard, position]))
    const positions = new PositionsTopic(outside.client, topic, `test.${topic}`)
    await other.send([positions.batch({ owner: 1, lanes, written: new Map() }, Date.now())])
    return { topic, other, more }
  }

  test('is waited for: nothing that it covers is written twice', async () => {
    const { topic, other, more } = await leftOpen()
    const waits = new Gate()
    let fetches = 0
    const sink = await faultySink(outside, topic, (call) => {
      // Where the topic ends, what is committed, and then it looks again.
      if (call === 'fetch' && ++fetches === 4) waits.open()
      return undefined
    })
    let isOver = false
    const opening = openSink(sink).then((positions) => [isOver, positions])
    await Promise.race([waits.passed, opening])
    isOver = true
    await other.commit()
    expect(await opening).toEqual([true, more.positions()])
    await sink.close()
  })

  test('is not waited for for ever: the sink fails, and opens when it is over', async () => {
    const { topic, other, more } = await leftOpen()
    const sink = await sinkOf(outside, topic, { settledMs: 200 })
    await expect(openSink(sink)).rejects.toMatchObject({
      code: 'MR_SINK_FAILED',
      message: expect.stringContaining(`a transaction on topic ${topic}.millrace-positions does not end`) as string,
    })
    await sink.close()
    await other.commit()
    const again = await sinkOf(outside, topic)
    expect(await openSink(again)).toEqual(more.positions())
    await again.close()
  })
})

describe('what is not as it was', () => {
  test('a topic that was made anew is refused', async () => {
    const topic = await freshTopic(outside.client)
    const sink = await sinkOf(outside, topic)
    const script = new SinkScript(await openSink(sink))
    for (let i = 0; i < 3; i++) await writeSink(sink, script.batch([1, 2]))
    await sink.close()
    await removeTopic(outside.client, outside.brokers, topic)
    await outside.client.createTopic(topic, 1, {})
    await ledBy(outside.client, topic, 1)
    const again = await sinkOf(outside, topic)
    await expect(openSink(again)).rejects.toMatchObject({ code: 'MR_SINK_DIVERGED' })
    await again.close()
  })

  test('a topic for positions that forgets is refused', async () => {
    const topic = await freshTopic(outside.client)
    await outside.client.createTopic(`${topic}.millrace-positions`, 1, { 'cleanup.policy': 'delete' })
    const sink = await sinkOf(outside, topic)
    await expect(openSink(sink)).rejects.toMatchObject({
      code: 'MR_SINK_FAILED',
      message: expect.stringContaining('cleanup.policy=compact') as string,
    })
    await sink.close()
  })

  test('a topic that is not there, and an output that does not fit it', async () => {
    await expect(sinkOf(outside, 'no-such-topic')).rejects.toMatchObject({ code: 'MR_SINK_FAILED' })
    const topic = await freshTopic(outside.client, 1, { 'max.message.bytes': '20000' })
    const sink = await sinkOf(outside, topic)
    expect(sink.check!(new Uint8Array(30_000), 0, 10_000)).toBeUndefined()
    expect(sink.check!(new Uint8Array(30_000), 0, 20_000)).toMatchObject({ code: 'MR_MESSAGE_TOO_LARGE' })
    await sink.close()
  })

  test('positions survive compaction', { timeout: 90_000 }, async () => {
    const topic = await freshTopic(outside.client)
    const positions = `${topic}.millrace-positions`
    const sink = await sinkOf(outside, topic)
    const script = new SinkScript(await openSink(sink))
    await withAdmin(outside.brokers, async (admin) => {
      const configEntries = [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'segment.ms', value: '50' },
      ]
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: ConfigResourceTypes.TOPIC, name: positions, configEntries }],
      })
    })
    // What is written after a pause begins a new segment; those before are compacted when the broker comes round to it.
    await patiently(60_000, isRetriable, async () => {
      expect(await writeSink(sink, script.batch([1, 2, 3]))).toBe('done')
      const [first] = await contentOf(outside.client, positions, 0)
      if (first!.offset === 0) throw new KafkaFailure('NOT_YET', 'it is not compacted', { retriable: true })
    })
    await sink.close()
    const again = await sinkOf(outside, topic)
    expect(await openSink(again)).toEqual(script.positions())
    await again.close()
  })
})

test('sinks of one topic keep their positions apart', async () => {
  const topic = await freshTopic(outside.client)
  const [one, other] = [await sinkOf(outside, topic, { id: 'one' }), await sinkOf(outside, topic, { id: 'other' })]
  const scripts = [new SinkScript(await openSink(one)), new SinkScript(await openSink(other))]
  await Promise.all([writeSink(one, scripts[0]!.batch([1])), writeSink(other, scripts[1]!.batch([1, 1]))])
  await append(outside.client, topic, 0, [{ value: 'of somebody else' }])
  await one.close()
  await other.close()
  for (const [i, id] of ['one', 'other'].entries()) {
    const again = await sinkOf(outside, topic, { id })
    expect(await openSink(again)).toEqual(scripts[i]!.positions())
    await again.close()
  }
})
