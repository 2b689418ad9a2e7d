import type { Prng } from '../../../runtime/base/prng.ts'
import type {
  KafkaClient,
  KafkaProducer,
  ProduceBatch,
  Produced,
  ProducerOptions,
} from '../../../runtime/node/kafka/client.ts'
import { KafkaFailure } from '../../../runtime/node/kafka/failure.ts'

export type Call = 'open' | 'send' | 'commit' | 'fetch'
/** Nothing: it goes well. The request is lost on its way, or its answer is. */
export type Fault = 'request' | 'answer' | undefined

/** Loses one call of the producer in four, and a fetch now and then: there are many of them in a row. */
export function drawnFaults(prng: Prng): (call: Call) => Fault {
  return (call) => (['request', 'answer'] as const)[prng.u32() % (call === 'fetch' ? 64 : 8)]
}

/** A client whose producer and fetches wait for, and lose, what they are told to. */
export class FaultyClient implements KafkaClient {
  readonly #inner: KafkaClient
  readonly #faultOf: (call: Call) => Fault | Promise<Fault>

  constructor(inner: KafkaClient, faultOf: (call: Call) => Fault | Promise<Fault>) {
    this.#inner = inner
    this.#faultOf = faultOf
  }

  producer(options: ProducerOptions): KafkaProducer {
    const inner = this.#inner.producer(options)
    return {
      open: () => this.#lossy('open', () => inner.open()),
      send: (batches: readonly ProduceBatch[]): Promise<readonly Produced[]> =>
        this.#lossy('send', () => inner.send(batches)),
      commit: () => this.#lossy('commit', () => inner.commit()),
    }
  }

  partitions: KafkaClient['partitions'] = (...args) => this.#inner.partitions(...args)
  offsets: KafkaClient['offsets'] = (...args) => this.#inner.offsets(...args)
  fetch: KafkaClient['fetch'] = (...args) => this.#lossy('fetch', () => this.#inner.fetch(...args))
  commitOffsets: KafkaClient['commitOffsets'] = (...args) => this.#inner.commitOffsets(...args)
  committedOffsets: KafkaClient['committedOffsets'] = (...args) => this.#inner.committedOffsets(...args)
  createTopic: KafkaClient['createTopic'] = (...args) => this.#inner.createTopic(...args)
  deleteRecords: KafkaClient['deleteRecords'] = (...args) => this.#inner.deleteRecords(...args)
  topicSetting: KafkaClient['topicSetting'] = (...args) => this.#inner.topicSetting(...args)
  close: KafkaClient['close'] = () => this.#inner.close()

  async #lossy<T>(call: Call, work: () => Promise<T>): Promise<T> {
    const fault = await this.#faultOf(call)
    if (fault === 'request') throw lost(call)
    const answer = await work()
    if (fault === 'answer') throw lost(call)
    return answer
  }
}

function lost(call: Call): KafkaFailure {
  return new KafkaFailure('NO_CONNECTION', `the connection was lost at ${call}`, { retriable: true })
}
