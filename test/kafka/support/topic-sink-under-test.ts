import type { MillraceError } from '../../../runtime/base/errors.ts'
import type { KafkaClient } from '../../../runtime/node/kafka/client.ts'
import { openKafkaClient } from '../../../runtime/node/kafka/cluster/open-client.ts'
import { type KafkaSinkOptions, openKafkaSink } from '../../../runtime/node/kafka/sink/kafka-sink.ts'
import type { SinkUnderTest } from '../../../runtime/ports/contracts/sink.ts'
import type { LanePosition, OutputBatch, SinkPort } from '../../../runtime/ports/sink.ts'
import { type Call, type Fault, FaultyClient } from './faulty-client.ts'
import { Proxy } from './proxy.ts'
import { fetchFrom, freshName, freshTopic, recordsOf } from './topics.ts'
import type { BrokerInUse } from './use-broker.ts'

export type SinkChoices = Partial<Omit<KafkaSinkOptions, 'client' | 'topic'>>

/** Opens a topic as a sink, with a client of its own. */
export function sinkOf(
  { brokers }: BrokerInUse,
  topic: string,
  choices: SinkChoices & { readonly connect?: Proxy['connect'] } = {},
): Promise<SinkPort> {
  const { connect, ...options } = choices
  return openSinkOf(openKafkaClient({ brokers, ...(connect === undefined ? {} : { connect }) }), topic, options)
}

/** The same, with a client that loses what it is told to. */
export function faultySink(
  { brokers }: BrokerInUse,
  topic: string,
  faultOf: (call: Call) => Fault | Promise<Fault>,
  choices: SinkChoices = {},
): Promise<SinkPort> {
  return openSinkOf(new FaultyClient(openKafkaClient({ brokers }), faultOf), topic, choices)
}

function openSinkOf(client: KafkaClient, topic: string, choices: SinkChoices): Promise<SinkPort> {
  return openKafkaSink({
    sink: 'out',
    topic,
    client,
    guarantee: 'exactly-once',
    id: `test.${topic}`,
    compression: 'none',
    latest: false,
    transactionTimeoutMs: 60_000,
    ...choices,
  })
}

/** What readers of committed records see by now: what is being decided is waited for, but not what nobody will decide. */
async function visible(client: KafkaClient, topic: string): Promise<Uint8Array[]> {
  const end = (await client.offsets(topic, [0], 'high')).get(0)!
  const seen: Uint8Array[] = []
  for (let next = 0, from = -1; next < end && next > from; ) {
    from = next
    const [fetched] = await fetchFrom(client, topic, new Map([[0, from]]), 'read_committed', 300)
    seen.push(...recordsOf(fetched!).map(({ bytes }) => bytes))
    next = fetched!.next
  }
  return seen
}

/** A topic with one partition, for the contract of sinks. Each writer has a way of its own to the broker, which `kill` ends. */
export async function topicSinkUnderTest(outside: BrokerInUse, choices: SinkChoices = {}): Promise<SinkUnderTest> {
  const topic = await freshTopic(outside.client)
  const proxies = new Map<SinkPort, Promise<Proxy>>()
  const id = freshName('sink')
  return {
    writer: () => {
      const proxy = Proxy.start()
      const writer = new LateSink(
        async () => sinkOf(outside, topic, { id, patienceMs: 2_000, ...choices, connect: (await proxy).connect }),
        choices.guarantee === undefined || choices.guarantee === 'exactly-once' ? 'effectively-once' : 'at-least-once',
        choices.latest === true,
      )
      proxies.set(writer, proxy)
      return writer
    },
    content: () => visible(outside.client, topic),
    kill: async (writer) => {
      ;(writer as LateSink).silence()
      ;(await proxies.get(writer)!).refuse()
    },
    dispose: async () => {
      await Promise.all([...proxies.values()].map(async (proxy) => (await proxy)[Symbol.asyncDispose]()))
    },
  }
}

/** A topic must be asked before it can be a sink; the contract makes writers without waiting. */
class LateSink implements SinkPort {
  readonly sink = 'out'
  readonly guarantee: SinkPort['guarantee']
  readonly #make: () => Promise<SinkPort>
  readonly #keyed: boolean
  #made: SinkPort | undefined
  #silent = false

  constructor(make: () => Promise<SinkPort>, guarantee: SinkPort['guarantee'], keyed: boolean) {
    this.#keyed = keyed
    this.#make = make
    this.guarantee = guarantee
  }

  open(done: (error: MillraceError | undefined, positions?: readonly LanePosition[]) => void): void {
    this.#make().then(
      (sink) => {
        this.#made = sink
        sink.open(done)
      },
      (error: MillraceError) => done(error),
    )
  }

  write(batch: OutputBatch, done: (error: MillraceError | undefined) => void): void {
    this.#made!.write(this.#keyed ? { ...batch, keys: keysOf(batch) } : batch, (error) => {
      if (!this.#silent) done(error)
    })
  }

  silence(): void {
    this.#silent = true
  }

  async close(): Promise<void> {
    await this.#made?.close()
  }
}

/** A key for each output, which no other has. */
function keysOf({ count, starts, ends, buffer }: OutputBatch): string[] {
  return Array.from({ length: count }, (_, i) => new TextDecoder().decode(buffer.subarray(starts[i], ends[i])))
}
