import type { ConnectionOptions as Tls } from 'node:tls'
import type { KafkaConnection } from '../../runtime/node/kafka/cluster/open-client.ts'
import type { KafkaEnd } from '../real-end.ts'

/** How the brokers of a topic are reached. */
export function connectionOf({ brokers, clientId, ssl, sasl }: KafkaEnd): KafkaConnection {
  return { brokers, clientId, ssl: ssl as true | Tls | undefined, sasl }
}
