import { describe } from 'vitest'
import { openKafkaJsClient } from '../../runtime/node/kafka/kafkajs/open-client.ts'
import { clientContract } from './client-contract.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

describe('the contract of a client, on kafkajs', () => {
  clientContract(() => openKafkaJsClient({ brokers: outside.brokers }))
})
