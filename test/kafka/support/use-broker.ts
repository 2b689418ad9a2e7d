import { afterAll, beforeAll } from 'vitest'
import type { KafkaClient } from '../../../runtime/node/kafka/client.ts'
import { openKafkaClient } from '../../../runtime/node/kafka/cluster/open-client.ts'
import { Broker } from '../../support/kafka/broker.ts'

/** A broker for the tests of a file: one of its own, or the one that KAFKA_BROKERS names. */
export interface BrokerInUse {
  readonly brokers: readonly string[]
  /** For what a test does beside what it tests. Closed afterwards. */
  readonly client: KafkaClient
}

/**
 * @param shared whether a broker that others use as well will do: nothing is killed, nobody counts what is there
 * @param secure whether it has listeners with TLS, too
 */
export function useBroker(options: {
  readonly shared: boolean
  readonly secure?: boolean
}): BrokerInUse & { readonly broker: Broker } {
  let own: Broker | undefined
  let client: KafkaClient | undefined
  let brokers: readonly string[] = []
  beforeAll(async () => {
    const given = process.env['KAFKA_BROKERS']
    if (options.shared && given !== undefined) brokers = given.split(',')
    else {
      own = await Broker.start(options.secure === undefined ? {} : { secure: options.secure })
      brokers = [own.address]
    }
    client = openKafkaClient({ brokers })
  }, 180_000)
  afterAll(async () => {
    await client?.close()
    await own?.[Symbol.asyncDispose]()
  })
  return {
    get brokers() {
      return brokers
    },
    get client() {
      return client!
    },
    get broker() {
      return own!
    },
  }
}
