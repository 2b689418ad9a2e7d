import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaProducer, ProduceBatch, Produced, ProducerOptions } from '../client.ts'
import { KafkaFailure } from '../failure.ts'
import type { WireCall } from '../wire/call.ts'
import { produceCall } from '../wire/produce.ts'
import type { BatchWriter } from '../wire/record-buffer.ts'
import { addPartitionsCall, commitCall, initProducerCall, type ProducerIdentity } from '../wire/transaction.ts'
import type { Brokers } from './brokers.ts'
import { whenReady } from './when-ready.ts'

/** The brokers say so while they still write the markers of the transaction before, which takes about this long. */
const markersMs = 5
/** After this long they have not written them because something is wrong. */
const patienceMs = 30_000

/** The protocol of a producer, step by step, so that whoever calls it knows what may have become of a transaction. */
export class WireProducer implements KafkaProducer {
  readonly #brokers: Brokers
  readonly #options: ProducerOptions
  readonly #leaders = new Map<string, ReadonlyMap<number, number>>()
  #identity: ProducerIdentity = { producerId: -1, epoch: -1 }
  /** The number of the next record, for each `topic/partition`. */
  readonly #sequences = new Map<string, number>()
  /** What the transaction knows. */
  readonly #added = new Set<string>()

  constructor(brokers: Brokers, options: ProducerOptions) {
    this.#brokers = brokers
    this.#options = options
  }

  async open(): Promise<void> {
    const { transactionalId, transactionTimeoutMs } = this.#options
    const init = initProducerCall(transactionalId, transactionTimeoutMs)
    this.#identity =
      transactionalId === undefined
        ? await whenReady(() => this.#brokers.anyone(init))
        : await this.#withCoordinator(init)
    this.#sequences.clear()
    this.#added.clear()
    this.#leaders.clear()
  }

  async send(batches: readonly ProduceBatch[]): Promise<readonly Produced[]> {
    if (batches.length === 0) return []
    await this.#add(batches)
    const byNode = new Map<number, ProduceBatch[]>()
    for (const batch of batches) {
      const node = await this.#leader(batch.topic, batch.partition)
      const known = byNode.get(node)
      if (known === undefined) byNode.set(node, [batch])
      else known.push(batch)
    }
    const { transactionalId } = this.#options
    const produced = await Promise.all(
      [...byNode].map(([node, batches]) => {
        const numbered = batches.map((batch) => ({ batch, writer: this.#writer(batch) }))
        return this.#brokers.node(node, produceCall(transactionalId, numbered))
      }),
    )
    return produced.flat()
  }

  async commit(): Promise<void> {
    if (this.#added.size === 0) return
    const id = this.#options.transactionalId!
    await this.#brokers.coordinator('transaction', id, commitCall(id, this.#identity))
    this.#added.clear()
  }

  /** Makes the partitions of these batches part of the transaction. */
  async #add(batches: readonly ProduceBatch[]): Promise<void> {
    const { transactionalId } = this.#options
    if (transactionalId === undefined) return
    const topics = new Map<string, number[]>()
    for (const { topic, partition } of batches) {
      const name = `${topic}/${partition}`
      if (this.#added.has(name)) continue
      this.#added.add(name)
      const known = topics.get(topic)
      if (known === undefined) topics.set(topic, [partition])
      else known.push(partition)
    }
    if (topics.size === 0) return
    await this.#withCoordinator(addPartitionsCall(transactionalId, this.#identity, topics))
  }

  /** Waits while the transaction before is being ended: until then nothing of a call has an effect. */
  async #withCoordinator<T>(call: WireCall<T>): Promise<T> {
    const giveUpAt = performance.now() + patienceMs
    for (;;) {
      try {
        return await this.#brokers.coordinator('transaction', this.#options.transactionalId!, call)
      } catch (error) {
        const isEnding = error instanceof KafkaFailure && error.kind === 'CONCURRENT_TRANSACTIONS'
        if (!isEnding || performance.now() > giveUpAt) throw error
        await sleep(markersMs)
      }
    }
  }

  async #leader(topic: string, partition: number): Promise<number> {
    let leaders = this.#leaders.get(topic)
    if (leaders === undefined) {
      leaders = (await this.#brokers.metadata(`asking who leads ${topic}`, topic)).leaders
      this.#leaders.set(topic, leaders)
    }
    const leader = leaders.get(partition)
    if (leader !== undefined) return leader
    throw new KafkaFailure('UNKNOWN_TOPIC_OR_PARTITION', `topic ${topic} has no partition ${partition}`, {
      retriable: true,
    })
  }

  #writer({ topic, partition, records }: ProduceBatch): BatchWriter {
    const name = `${topic}/${partition}`
    const sequence = this.#sequences.get(name) ?? 0
    this.#sequences.set(name, (sequence + records.count) % 0x8000_0000)
    const transactional = this.#options.transactionalId !== undefined
    return { ...this.#identity, sequence, transactional }
  }
}
