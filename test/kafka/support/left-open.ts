import type { KafkaClient } from '../../../runtime/node/kafka/client.ts'
import { patiently } from '../../../runtime/node/patiently.ts'

/**
 * Kafka 4.3.1, killed after it had decided the end of a transaction and before it wrote the markers of it, may come back, note the
 * transaction as complete, and never write them. (Seen in its own logs: PrepareCommit, kill -9, CompleteCommit, and no marker
 * behind the records.) From then on readers of committed records stand still there, whoever they are, and nothing that a client
 * does ends it. A history with such a place says nothing about Millrace.
 */
class TransactionLeftOpen extends Error {
  override readonly name = 'TransactionLeftOpen'
}

export function isLeftOpen(error: unknown): boolean {
  return error instanceof TransactionLeftOpen
}

/** Longer than a broker takes to write markers, however busy the machine is. */
const markersMs = 15_000

/**
 * Throws a TransactionLeftOpen if a transaction of `transactionalId` is over for its coordinator, and open in a partition. The
 * producer that used the id is fenced: whatever it had begun is ended before `open` resolves.
 */
export async function checkEnded(
  client: KafkaClient,
  transactionalId: string,
  topics: Readonly<Record<string, number>>,
): Promise<void> {
  await client.producer({ transactionalId, transactionTimeoutMs: 60_000 }).open()
  await patiently(markersMs, isLeftOpen, async () => {
    const open = await openPlaces(client, topics)
    if (open.length > 0) throw new TransactionLeftOpen(open.join(', '))
  })
}

async function openPlaces(client: KafkaClient, topics: Readonly<Record<string, number>>): Promise<string[]> {
  const open: string[] = []
  for (const [topic, count] of Object.entries(topics)) {
    const partitions = Array.from({ length: count }, (_, i) => i)
    const stable = await client.offsets(topic, partitions, 'stable')
    const high = await client.offsets(topic, partitions, 'high')
    for (const partition of partitions)
      if (stable.get(partition)! < high.get(partition)!) open.push(`${topic}/${partition} at ${stable.get(partition)}`)
  }
  return open
}
