import { describe } from 'vitest'
import { openKafkaClient } from '../../runtime/node/kafka/cluster/open-client.ts'
import { connectKafkaJs } from '../../runtime/node/kafka/kafkajs/connect.ts'
import { clientContract } from './client-contract.ts'
import { connectKafkats } from './support/connect-kafkats.ts'
import { useBroker } from './support/use-broker.ts'

const outside = useBroker({ shared: true })

describe.each([
  ['kafkajs', connectKafkaJs],
  ['@kafkats/client', connectKafkats],
])('the contract of a client, on connections of %s', (_, connect) => {
  clientContract((via = connect) => openKafkaClient({ brokers: outside.brokers, connect: via }), connect)
})
