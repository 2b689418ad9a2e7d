import { describe } from 'vitest'
import { connectKafkaJs } from '../../runtime/node/kafka/kafkajs/connect.ts'
import { connectionContract } from './connection-contract.ts'
import { connectKafkats } from './support/connect-kafkats.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: false, secure: true })

describe('the contract of connections, by kafkajs', () => {
  connectionContract(connectKafkaJs, outside)
})

/** Why it is not what users get: docs/decisions/0010-kafka-client.md. */
describe('the contract of connections, by @kafkats/client', () => {
  const breaks = ['whoever has a certificate (N6)', 'TLS with options that only a few need (N6)']
  connectionContract(connectKafkats, outside, { breaks })
})
