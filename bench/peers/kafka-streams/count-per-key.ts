import { type JavaPeer, javaPeer } from '../java-peer.ts'

/** Kafka Streams, ready to run; undefined: there is no JDK to compile it with, or no Maven. */
export async function kafkaStreams(say: (text: string) => void): Promise<KafkaStreams | undefined> {
  const fetching = (): void => say('fetching the jars of Kafka Streams (94 MB, once)')
  const peer = await javaPeer(new URL('./', import.meta.url), 'kafka-streams', fetching)
  return peer && new KafkaStreams(peer)
}

export interface CountTimes {
  /** From the start to the end. */
  readonly seconds: number
  /** From when it has its partitions. */
  readonly runningSeconds: number
}

export class KafkaStreams {
  readonly #peer: JavaPeer
  #runs = 0

  constructor(peer: JavaPeer) {
    this.#peer = peer
  }

  /** Counts per key from topic to topic, in a process of its own. The start of Java does not count. */
  async countPerKey(brokers: readonly string[], from: string, to: string, threads: number): Promise<CountTimes> {
    const application = `${from}-count-${this.#runs++}`
    const args = (state: string): string[] => [brokers.join(), from, to, state, application, String(threads)]
    const [seconds, runningSeconds] = await this.#peer.run('CountPerKey', ['-Xmx1g', '-XX:+UseG1GC'], args)
    return { seconds: seconds!, runningSeconds: runningSeconds! }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]()
  }
}
